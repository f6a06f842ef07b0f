package bridge.plugin.core;

import bridge.plugin.v1.CheckLinks;
import bridge.plugin.v1.Chunk;
import org.eclipse.collections.impl.set.mutable.primitive.LongHashSet;
import org.neo4j.graphdb.Direction;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.RelationshipType;
import org.neo4j.graphdb.Transaction;

/** Looks up which pairs are linked in the store, as the caller's transaction sees it. */
public final class Links {
    private final Transaction transaction;
    private final NodeIds ids;

    public Links(Transaction transaction, NodeIds ids) {
        this.transaction = transaction;
        this.ids = ids;
    }

    /** A row a pair. A source's relationships are read once for all its pairs that stand together. */
    public Chunk check(CheckLinks question, Call call) {
        var types = question.getRelationshipTypesList().stream()
                .map(RelationshipType::withName)
                .toArray(RelationshipType[]::new);
        Direction direction = question.getBothDirections() ? Direction.BOTH : Direction.OUTGOING;
        int rows = Math.toIntExact(question.getPairs().getRows());
        var linked = new byte[rows];
        if (rows > 0) {
            var sources = ColumnReader.of(question.getPairs(), "source");
            var targets = ColumnReader.of(question.getPairs(), "target");
            var neighbours = new LongHashSet();
            for (int row = 0; row < rows; row++) {
                if (row == 0 || sources.integer(row) != sources.integer(row - 1)) {
                    call.check();
                    neighbours = neighbours(ids.original(sources.integer(row)), direction, types);
                }
                linked[row] = (byte) (neighbours.contains(ids.original(targets.integer(row))) ? 1 : 0);
            }
        }
        return Chunk.newBuilder()
                .setRows(rows)
                .addColumns(Columns.booleans("linked", linked, rows))
                .setLast(true)
                .build();
    }

    @SuppressWarnings("deprecation") // GDS knows nodes by these ids
    private LongHashSet neighbours(long source, Direction direction, RelationshipType[] types) {
        var neighbours = new LongHashSet();
        if (types.length == 0) {
            return neighbours; // Neo4j takes no types for all types
        }
        try (var relationships = transaction.getNodeById(source).getRelationships(direction, types)) {
            for (Relationship each : relationships) {
                neighbours.add(each.getOtherNodeId(source));
            }
        } catch (NotFoundException deleted) {
            return neighbours;
        }
        return neighbours;
    }
}
