package bridge.plugin.gds;

import bridge.plugin.core.BridgeException;
import bridge.plugin.core.Call;
import bridge.plugin.core.Chunks;
import bridge.plugin.core.ColumnReader;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MutateRelationships;
import java.util.List;
import org.neo4j.gds.Orientation;
import org.neo4j.gds.RelationshipType;
import org.neo4j.gds.api.DefaultValue;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.gds.api.PropertyState;
import org.neo4j.gds.core.Aggregation;
import org.neo4j.gds.core.loading.SingleTypeRelationships;
import org.neo4j.gds.core.loading.construction.GraphFactory;
import org.neo4j.gds.core.loading.construction.RelationshipsBuilder;

/** Adds a relationship type to a projection, whole, when all of it is there. */
final class RelationshipMutation {
    private final GraphStore graph;
    private final MutateRelationships command;
    private final Call call;
    private final RelationshipType type;
    private long rows;

    RelationshipMutation(GraphStore graph, MutateRelationships command, Call call) {
        this.graph = graph;
        this.command = command;
        this.call = call;
        this.type = RelationshipType.of(command.getType());
    }

    Done apply(Chunks chunks) {
        long start = System.nanoTime();
        checkAbsent();
        RelationshipsBuilder builder = builder();
        for (Chunk chunk = chunks.next(); ; chunk = chunks.next()) {
            call.check();
            add(chunk, builder);
            if (chunk.getLast()) {
                break;
            }
        }
        if (rows != command.getRows()) {
            throw BridgeException.failed(
                    "The bridge server announced %d relationships and sent %d.".formatted(command.getRows(), rows));
        }
        SingleTypeRelationships relationships = builder.build();
        checkAbsent(); // GDS leaves a type that is there as it is, without a word
        graph.addRelationshipType(relationships);
        return Done.newBuilder()
                .setWritten(relationships.topology().elementCount())
                .setMillis((System.nanoTime() - start) / 1_000_000)
                .build();
    }

    private void checkAbsent() {
        if (graph.hasRelationshipType(type)) {
            throw BridgeException.argument(
                    "Relationship type `%s` already exists in the in-memory graph.".formatted(command.getType()));
        }
    }

    private RelationshipsBuilder builder() {
        var builder = GraphFactory.initRelationshipsBuilder()
                .nodes(graph.nodes())
                .relationshipType(type)
                .orientation(command.getUndirected() ? Orientation.UNDIRECTED : Orientation.NATURAL);
        for (String property : command.getPropertiesList()) {
            builder.addPropertyConfig(property, Aggregation.NONE, DefaultValue.forDouble(), PropertyState.TRANSIENT);
        }
        return builder.build();
    }

    private void add(Chunk chunk, RelationshipsBuilder builder) {
        if (chunk.getRows() == 0) {
            return;
        }
        var sources = ColumnReader.of(chunk, "source");
        var targets = ColumnReader.of(chunk, "target");
        List<ColumnReader> properties = command.getPropertiesList().stream()
                .map(name -> ColumnReader.of(chunk, name))
                .toList();
        for (int row = 0; row < chunk.getRows(); row++) {
            long source = node(sources, row);
            long target = node(targets, row);
            switch (properties.size()) {
                case 0 -> builder.addFromInternal(source, target);
                case 1 -> builder.addFromInternal(
                        source, target, properties.get(0).number(row));
                default -> builder.addFromInternal(source, target, numbers(properties, row));
            }
        }
        rows += chunk.getRows();
    }

    private long node(ColumnReader ids, int row) {
        long node = ids.integer(row);
        if (node < 0 || node >= graph.nodeCount()) {
            throw BridgeException.failed("The bridge server named the node %d of a projection of %d nodes."
                    .formatted(node, graph.nodeCount()));
        }
        return node;
    }

    private static double[] numbers(List<ColumnReader> properties, int row) {
        var numbers = new double[properties.size()];
        for (int position = 0; position < numbers.length; position++) {
            numbers[position] = properties.get(position).number(row);
        }
        return numbers;
    }
}
