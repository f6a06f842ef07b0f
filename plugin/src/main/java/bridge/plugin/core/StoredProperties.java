package bridge.plugin.core;

import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.PrimitiveIterator;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Transaction;

/** Reads stored properties of a label's nodes in the caller's transaction, so with what it has not committed yet. */
public final class StoredProperties {
    private static final int ROWS = 8192;

    private final Transaction transaction;
    private final NodeIds ids;
    private final List<String> properties;

    public StoredProperties(Transaction transaction, NodeIds ids, List<String> properties) {
        this.transaction = transaction;
        this.ids = ids;
        this.properties = properties;
    }

    /** Send the properties of these nodes, by their internal ids. */
    public void send(String label, PrimitiveIterator.OfLong nodes, Call call) {
        do {
            var chunk = chunk(label, nodes);
            call.send(CallRequest.newBuilder()
                    .setChunk(chunk.setLast(!nodes.hasNext()))
                    .build());
        } while (nodes.hasNext());
    }

    private Chunk.Builder chunk(String label, PrimitiveIterator.OfLong nodes) {
        var internal = new long[ROWS];
        var values = new Object[properties.size()][ROWS];
        var present = new byte[properties.size()][ROWS];
        int rows = 0;
        for (; rows < ROWS && nodes.hasNext(); rows++) {
            internal[rows] = nodes.nextLong();
            read(internal[rows], rows, values, present);
        }
        var chunk = Chunk.newBuilder()
                .setTable(label)
                .setRows(rows)
                .addColumns(Columns.integers("id", internal, rows, null));
        for (int index = 0; index < properties.size(); index++) {
            chunk.addColumns(
                    column(properties.get(index), Arrays.asList(values[index]).subList(0, rows), present[index]));
        }
        return chunk;
    }

    @SuppressWarnings("deprecation") // GDS knows nodes by these ids
    private void read(long internal, int row, Object[][] values, byte[][] present) {
        Node node;
        try {
            node = transaction.getNodeById(ids.original(internal));
        } catch (NotFoundException deleted) {
            for (byte[] each : present) {
                each[row] = Columns.INVISIBLE;
            }
            return;
        }
        for (int index = 0; index < values.length; index++) {
            values[index][row] = node.getProperty(properties.get(index), null);
            present[index][row] = values[index][row] == null ? Columns.MISSING : Columns.PRESENT;
        }
    }

    /** Numbers and strings packed where all values of the chunk are of that kind, other values one by one. */
    private static Column column(String name, List<Object> values, byte[] present) {
        if (all(values, String.class)) {
            return Columns.strings(name, values.stream().map(String.class::cast).toList(), present);
        }
        if (all(values, Long.class, Integer.class, Short.class, Byte.class)) {
            long[] numbers = values.stream()
                    .mapToLong(value -> value == null ? 0 : ((Number) value).longValue())
                    .toArray();
            return Columns.wideIntegers(name, numbers, numbers.length, present);
        }
        if (all(values, Double.class, Float.class)) {
            double[] numbers = values.stream()
                    .mapToDouble(value -> value == null ? Double.NaN : ((Number) value).doubleValue())
                    .toArray();
            return Columns.wideFloats(name, numbers, numbers.length, present);
        }
        var messages = new ArrayList<Value>(values.size());
        values.forEach(value -> messages.add(Values.toMessage(value, "The property `" + name + "` of a node")));
        return Columns.values(name, messages, present);
    }

    /** Say whether there are values, and all of them of these kinds. */
    private static boolean all(List<Object> values, Class<?>... kinds) {
        boolean any = false;
        for (Object value : values) {
            if (value != null) {
                any = true;
                if (Arrays.stream(kinds).noneMatch(kind -> kind.isInstance(value))) {
                    return false;
                }
            }
        }
        return any;
    }
}
