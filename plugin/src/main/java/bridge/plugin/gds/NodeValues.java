package bridge.plugin.gds;

import bridge.plugin.core.ColumnReader;
import java.util.Arrays;
import java.util.Optional;
import org.neo4j.gds.api.properties.nodes.DoubleNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.FloatArrayNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.LongNodePropertyValues;
import org.neo4j.gds.api.properties.nodes.NodePropertyValues;
import org.neo4j.gds.collections.ha.HugeDoubleArray;
import org.neo4j.gds.collections.ha.HugeLongArray;
import org.neo4j.gds.collections.ha.HugeObjectArray;

/** Values of a node property that grows by rows, by internal id, over all nodes of a projection. */
interface NodeValues {
    /** No value yet. A dimension above 1 makes vectors, else `integers` decides. */
    static NodeValues empty(long nodes, int dimension, boolean integers) {
        if (dimension > 1) {
            return new Vectors(nodes, dimension);
        }
        return integers ? new Integers(nodes) : new Floats(nodes);
    }

    void set(long node, ColumnReader column, int row);

    boolean is(long node, ColumnReader column, int row);

    boolean is(long node, NodePropertyValues other);

    void copy(long node, NodePropertyValues from);

    NodePropertyValues toGds();

    final class Vectors implements NodeValues, FloatArrayNodePropertyValues {
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
        public boolean is(long node, ColumnReader column, int row) {
            return Arrays.equals(vectors.get(node), column.vector(row));
        }

        @Override
        public boolean is(long node, NodePropertyValues other) {
            return Arrays.equals(vectors.get(node), other.floatArrayValue(node));
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

    final class Integers implements NodeValues, LongNodePropertyValues {
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
        public boolean is(long node, ColumnReader column, int row) {
            return integers.get(node) == column.integer(row);
        }

        @Override
        public boolean is(long node, NodePropertyValues other) {
            return integers.get(node) == other.longValue(node);
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

    final class Floats implements NodeValues, DoubleNodePropertyValues {
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
        public boolean is(long node, ColumnReader column, int row) {
            return floats.get(node) == column.number(row);
        }

        @Override
        public boolean is(long node, NodePropertyValues other) {
            return floats.get(node) == other.doubleValue(node);
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
