package bridge.plugin.gds;

import bridge.plugin.core.BridgeException;
import bridge.plugin.core.Chunks;
import bridge.plugin.core.ColumnReader;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MutateNodeProperty;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.gds.api.properties.nodes.DoubleNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.FloatArrayNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.LongNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.NodePropertyValues;
import org.neo4j.gds.collections.ha.HugeDoubleArray;
import org.neo4j.gds.collections.ha.HugeLongArray;
import org.neo4j.gds.collections.ha.HugeObjectArray;

/** Adds a node property to a projection, whole, when all of it is there. */
final class NodePropertyMutation {
    private final GraphStore graph;
    private final MutateNodeProperty command;
    private final NodeLabel label;
    private Values values;

    NodePropertyMutation(GraphStore graph, MutateNodeProperty command) {
        this.graph = graph;
        this.command = command;
        this.label = NodeLabel.of(command.getLabel());
    }

    Done apply(Chunks chunks) {
        long start = System.nanoTime();
        long written = 0;
        for (Chunk chunk = chunks.next(); ; chunk = chunks.next()) {
            written += add(chunk);
            if (chunk.getLast()) {
                break;
            }
        }
        if (values == null) {
            values = empty(false);
        }
        var labels = new HashSet<>(labelsWithProperty());
        keepValues(labels);
        labels.add(label);
        if (labels.size() > 1) {
            graph.removeNodeProperty(command.getProperty());
        }
        graph.addNodeProperty(labels, command.getProperty(), values.toGds());
        return Done.newBuilder()
                .setWritten(written)
                .setMillis((System.nanoTime() - start) / 1_000_000)
                .build();
    }

    private long add(Chunk chunk) {
        if (chunk.getRows() == 0) {
            return 0;
        }
        var ids = ColumnReader.of(chunk, "id");
        var column = ColumnReader.of(chunk, "value");
        if (values == null) {
            values = empty(column.isInteger());
        }
        long written = 0;
        for (int row = 0; row < chunk.getRows(); row++) {
            long node = ids.integer(row);
            if (node < 0 || node >= graph.nodeCount()) {
                throw BridgeException.failed("The bridge server named the node %d of a projection of %d nodes."
                        .formatted(node, graph.nodeCount()));
            }
            if (column.has(row)) {
                values.set(node, column, row);
                written++;
            }
        }
        return written;
    }

    private Values empty(boolean integers) {
        if (command.getDimension() > 1) {
            return new Vectors(graph.nodeCount(), command.getDimension());
        }
        return integers ? new Integers(graph.nodeCount()) : new Floats(graph.nodeCount());
    }

    /** The labels that have a property of this name already; GDS keeps one column a name for all labels. */
    private List<NodeLabel> labelsWithProperty() {
        String property = command.getProperty();
        if (graph.hasNodeProperty(label, property)) {
            throw BridgeException.argument(
                    "Node property `%s` already exists in the in-memory graph.".formatted(property));
        }
        return graph.nodeLabels().stream()
                .filter(each -> graph.hasNodeProperty(each, property))
                .toList();
    }

    /** Take over what other labels' nodes have, so that the new column can stand in for the old one. */
    private void keepValues(Set<NodeLabel> others) {
        if (others.isEmpty()) {
            return;
        }
        NodePropertyValues old = graph.nodeProperty(command.getProperty()).values();
        NodePropertyValues now = values.toGds();
        if (old.valueType() != now.valueType()) {
            throw BridgeException.argument(
                    "Node property `%s` exists on another label with values of type %s; these are of type %s. Choose another `mutateProperty`."
                            .formatted(
                                    command.getProperty(),
                                    old.valueType().name(),
                                    now.valueType().name()));
        }
        for (NodeLabel other : others) {
            var nodes = graph.nodes().nodeIterator(Set.of(other));
            while (nodes.hasNext()) {
                long node = nodes.nextLong();
                if (!now.hasValue(node)) {
                    values.copy(node, old);
                }
            }
        }
    }

    /** Values by internal id, over all nodes of the projection. */
    private interface Values {
        void set(long node, ColumnReader column, int row);

        void copy(long node, NodePropertyValues from);

        NodePropertyValues toGds();
    }

    private static final class Vectors implements Values, FloatArrayNodePropertyValues {
        private final HugeObjectArray<float[]> vectors;
        private final int dimension;

        private Vectors(long nodes, int dimension) {
            this.vectors = HugeObjectArray.newArray(float[].class, nodes);
            this.dimension = dimension;
        }

        @Override
        public void set(long node, ColumnReader column, int row) {
            vectors.set(node, column.vector(row));
        }

        @Override
        public void copy(long node, NodePropertyValues from) {
            vectors.set(node, from.floatArrayValue(node));
        }

        @Override
        public NodePropertyValues toGds() {
            return this;
        }

        @Override
        public float[] floatArrayValue(long node) {
            return vectors.get(node);
        }

        @Override
        public boolean hasValue(long node) {
            return vectors.get(node) != null;
        }

        @Override
        public long nodeCount() {
            return vectors.size();
        }

        @Override
        public Optional<Integer> dimension() {
            return Optional.of(dimension);
        }
    }

    private static final class Integers implements Values, LongNodePropertyValues {
        private final HugeLongArray integers;

        private Integers(long nodes) {
            integers = HugeLongArray.newArray(nodes);
            integers.fill(Long.MIN_VALUE); // GDS's default for a missing integer
        }

        @Override
        public void set(long node, ColumnReader column, int row) {
            integers.set(node, column.integer(row));
        }

        @Override
        public void copy(long node, NodePropertyValues from) {
            integers.set(node, from.longValue(node));
        }

        @Override
        public NodePropertyValues toGds() {
            return this;
        }

        @Override
        public long longValue(long node) {
            return integers.get(node);
        }

        @Override
        public boolean hasValue(long node) {
            return integers.get(node) != Long.MIN_VALUE;
        }

        @Override
        public long nodeCount() {
            return integers.size();
        }
    }

    private static final class Floats implements Values, DoubleNodePropertyValues {
        private final HugeDoubleArray floats;

        private Floats(long nodes) {
            floats = HugeDoubleArray.newArray(nodes);
            floats.fill(Double.NaN);
        }

        @Override
        public void set(long node, ColumnReader column, int row) {
            floats.set(node, column.number(row));
        }

        @Override
        public void copy(long node, NodePropertyValues from) {
            floats.set(node, from.doubleValue(node));
        }

        @Override
        public NodePropertyValues toGds() {
            return this;
        }

        @Override
        public double doubleValue(long node) {
            return floats.get(node);
        }

        @Override
        public boolean hasValue(long node) {
            return !Double.isNaN(floats.get(node));
        }

        @Override
        public long nodeCount() {
            return floats.size();
        }
    }
}
