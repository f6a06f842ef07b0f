package bridge.plugin.gds;

import bridge.plugin.core.Call;
import bridge.plugin.core.Columns;
import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.ReadProjection;
import bridge.plugin.v1.TableColumns;
import java.util.List;
import java.util.Set;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.RelationshipType;
import org.neo4j.gds.api.CompositeRelationshipIterator;
import org.neo4j.gds.api.GraphStore;

/** Sends columns of a projection: node tables first, then relationship tables, in chunks of about a megabyte. */
final class ProjectionReader {
    private final GraphStore graph;
    private final Call call;

    ProjectionReader(GraphStore graph, Call call) {
        this.graph = graph;
        this.call = call;
    }

    void send(ReadProjection question) {
        int tables = question.getNodesCount() + question.getRelationshipsCount();
        for (TableColumns nodes : question.getNodesList()) {
            sendNodes(nodes, --tables == 0);
        }
        for (TableColumns relationships : question.getRelationshipsList()) {
            sendRelationships(relationships, --tables == 0);
        }
    }

    private void sendNodes(TableColumns table, boolean lastTable) {
        NodeLabel label = NodeLabel.of(table.getTable());
        List<NodeColumn> columns = table.getPropertiesList().stream()
                .map(property -> NodeColumn.of(graph, label, property))
                .toList();
        int rowBytes =
                2 * Long.BYTES + columns.stream().mapToInt(NodeColumn::rowBytes).sum();
        int capacity = capacity(rowBytes, graph.nodes().nodeCount(label));
        columns.forEach(column -> column.allocate(capacity));
        var ids = new long[capacity];
        var originals = new long[capacity];
        var nodes = graph.nodes().nodeIterator(Set.of(label));
        do {
            int rows = 0;
            for (; rows < capacity && nodes.hasNext(); rows++) {
                long node = nodes.nextLong();
                ids[rows] = node;
                originals[rows] = graph.nodes().toOriginalNodeId(node);
                for (NodeColumn column : columns) {
                    column.read(rows, node);
                }
            }
            var chunk = Chunk.newBuilder()
                    .setTable(table.getTable())
                    .setRows(rows)
                    .addColumns(Columns.integers("id", ids, rows, null))
                    .addColumns(Columns.wideIntegers("nodeId", originals, rows, null));
            for (NodeColumn column : columns) {
                chunk.addColumns(column.build(rows));
            }
            send(chunk, lastTable && !nodes.hasNext());
        } while (nodes.hasNext());
    }

    private void sendRelationships(TableColumns table, boolean lastTable) {
        RelationshipType type = RelationshipType.of(table.getTable());
        var iterator = graph.getCompositeRelationshipIterator(type, table.getPropertiesList())
                .concurrentCopy();
        var rows = new Relationships(table, graph.relationshipCount(type));
        long nodes = graph.nodeCount();
        for (long node = 0; node < nodes; node++) {
            iterator.forEachRelationship(node, rows);
        }
        rows.flush(lastTable);
    }

    private void send(Chunk.Builder chunk, boolean last) {
        call.send(CallRequest.newBuilder().setChunk(chunk.setLast(last)).build());
    }

    private static int capacity(int rowBytes, long rows) {
        return (int) Math.max(1, Math.min(rows, Columns.CHUNK_BYTES / rowBytes));
    }

    /** Relationships of one type on their way out. */
    private final class Relationships implements CompositeRelationshipIterator.RelationshipConsumer {
        private final TableColumns table;
        private final long[] sources;
        private final long[] targets;
        private final double[][] properties;
        private int rows;

        private Relationships(TableColumns table, long count) {
            this.table = table;
            int width = table.getPropertiesCount();
            // Ids take 4 bytes where they fit, and most properties too.
            int capacity = capacity(2 * Integer.BYTES + width * Float.BYTES, count);
            this.sources = new long[capacity];
            this.targets = new long[capacity];
            this.properties = new double[width][capacity];
        }

        @Override
        public boolean consume(long source, long target, double[] values) {
            if (rows == sources.length) {
                flush(false);
            }
            sources[rows] = source;
            targets[rows] = target;
            for (int index = 0; index < properties.length; index++) {
                properties[index][rows] = values[index];
            }
            rows++;
            return true;
        }

        private void flush(boolean last) {
            var chunk = Chunk.newBuilder()
                    .setTable(table.getTable())
                    .setRows(rows)
                    .addColumns(Columns.integers("source", sources, rows, null))
                    .addColumns(Columns.integers("target", targets, rows, null));
            for (int index = 0; index < properties.length; index++) {
                chunk.addColumns(Columns.floats(table.getProperties(index), properties[index], rows, null));
            }
            send(chunk, last);
            rows = 0;
        }
    }
}
