package bridge.plugin.gds;

import bridge.plugin.core.BridgeException;
import bridge.plugin.core.Columns;
import bridge.plugin.v1.Column;
import java.util.Arrays;
import java.util.Set;
import org.neo4j.gds.NodeLabel;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.gds.api.nodeproperties.ValueType;
import org.neo4j.gds.api.properties.nodes.NodePropertyValues;

/** One node property on its way out: filled row by row, built chunk by chunk. */
abstract class NodeColumn {
    final String name;
    final NodePropertyValues values;
    byte[] present = new byte[0];

    private NodeColumn(String name, NodePropertyValues values) {
        this.name = name;
        this.values = values;
    }

    /**
     * The column of a property.
     *
     * @throws BridgeException the projection has no such property, or it is of a type that GDS does not compute with
     */
    static NodeColumn of(GraphStore graph, NodeLabel label, String name) {
        if (!graph.hasNodeProperty(name)) {
            throw BridgeException.failed("The projection has no node property `%s`.".formatted(name));
        }
        NodePropertyValues values = graph.nodeProperty(name).values();
        ValueType type = values.valueType();
        return switch (type) {
            case LONG -> new Integers(name, values);
            case DOUBLE -> new Floats(name, values);
            case FLOAT_ARRAY, DOUBLE_ARRAY, LONG_ARRAY -> new Vectors(
                    name, label.name(), values, dimension(graph, label, values));
            default -> throw BridgeException.failed(
                    "The node property `%s` is of type %s, which cannot be read.".formatted(name, type.name()));
        };
    }

    /** Elements a row; 0 when no node has a vector. */
    abstract int width();

    /** Bytes a row, at most. */
    abstract int rowBytes();

    /** Make room for a chunk of so many rows. */
    void allocate(int rows) {
        present = new byte[rows];
    }

    abstract void read(int row, long node);

    abstract Column build(int rows);

    private static int dimension(GraphStore graph, NodeLabel label, NodePropertyValues values) {
        var nodes = graph.nodes().nodeIterator(Set.of(label));
        while (nodes.hasNext()) {
            float[] vector = vector(values, nodes.nextLong());
            if (vector != null) {
                return vector.length;
            }
        }
        return 0;
    }

    private static float[] vector(NodePropertyValues values, long node) {
        if (values.valueType() != ValueType.LONG_ARRAY) {
            return values.floatArrayValue(node);
        }
        long[] integers = values.longArrayValue(node);
        if (integers == null) {
            return null;
        }
        var vector = new float[integers.length];
        for (int index = 0; index < vector.length; index++) {
            vector[index] = integers[index];
        }
        return vector;
    }

    private static final class Integers extends NodeColumn {
        private long[] rows = new long[0];

        private Integers(String name, NodePropertyValues values) {
            super(name, values);
        }

        @Override
        int width() {
            return 1;
        }

        @Override
        int rowBytes() {
            return Long.BYTES;
        }

        @Override
        void allocate(int count) {
            super.allocate(count);
            rows = new long[count];
        }

        @Override
        void read(int row, long node) {
            long value = values.longValue(node);
            boolean missing = value == Long.MIN_VALUE; // GDS's default for a missing integer
            present[row] = missing ? Columns.MISSING : Columns.PRESENT;
            rows[row] = missing ? 0 : value;
        }

        @Override
        Column build(int count) {
            return Columns.integers(name, rows, count, present);
        }
    }

    private static final class Floats extends NodeColumn {
        private double[] rows = new double[0];

        private Floats(String name, NodePropertyValues values) {
            super(name, values);
        }

        @Override
        int width() {
            return 1;
        }

        @Override
        int rowBytes() {
            return Double.BYTES;
        }

        @Override
        void allocate(int count) {
            super.allocate(count);
            rows = new double[count];
        }

        @Override
        void read(int row, long node) {
            rows[row] = values.doubleValue(node);
            present[row] = Double.isNaN(rows[row]) ? Columns.MISSING : Columns.PRESENT;
        }

        @Override
        Column build(int count) {
            return Columns.floats(name, rows, count, present);
        }
    }

    private static final class Vectors extends NodeColumn {
        private final String label;
        private final int width;
        private float[] elements = new float[0];

        private Vectors(String name, String label, NodePropertyValues values, int width) {
            super(name, values);
            this.label = label;
            this.width = width;
        }

        @Override
        int width() {
            return width;
        }

        @Override
        int rowBytes() {
            return Math.max(1, width) * Float.BYTES;
        }

        @Override
        void allocate(int count) {
            super.allocate(count);
            elements = new float[Math.multiplyExact(count, width)];
        }

        @Override
        void read(int row, long node) {
            float[] vector = vector(values, node);
            present[row] = vector == null ? Columns.MISSING : Columns.PRESENT;
            if (vector == null) {
                Arrays.fill(elements, row * width, (row + 1) * width, 0);
                return;
            }
            if (vector.length != width) {
                throw BridgeException.argument(
                        "The vectors of property `%s` have different lengths on the nodes of label `%s`: %d and %d. All must have the same."
                                .formatted(name, label, width, vector.length));
            }
            System.arraycopy(vector, 0, elements, row * width, width);
        }

        @Override
        Column build(int count) {
            return Columns.vectors(name, elements, width, count, present);
        }
    }
}
