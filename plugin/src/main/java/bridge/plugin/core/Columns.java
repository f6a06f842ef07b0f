package bridge.plugin.core;

import bridge.plugin.v1.Column;
import bridge.plugin.v1.Value;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Makes columns of arrays: little-endian, row-major, in the narrowest type that keeps every value of the chunk exactly.
 * A {@code present} is one byte a row, or null when every value is there. The arrays may be used again afterwards.
 */
public final class Columns {
    /** Values of {@code Column.present}. */
    public static final byte MISSING = 0, PRESENT = 1, INVISIBLE = 2;

    /** About how many bytes a chunk holds. */
    public static final int CHUNK_BYTES = 1 << 20;

    private static final VarHandle INT = view(int[].class);
    private static final VarHandle LONG = view(long[].class);
    private static final VarHandle FLOAT = view(float[].class);
    private static final VarHandle DOUBLE = view(double[].class);

    private Columns() {}

    /** Integers: "<i4" if all fit, else "<i8". */
    public static Column integers(String name, long[] values, int rows, byte[] present) {
        for (int row = 0; row < rows; row++) {
            if (values[row] != (int) values[row]) {
                return wideIntegers(name, values, rows, present);
            }
        }
        var data = new byte[rows * Integer.BYTES];
        for (int row = 0; row < rows; row++) {
            INT.set(data, row * Integer.BYTES, (int) values[row]);
        }
        return column(name, "<i4", 1, data, present, rows);
    }

    /** Integers as "<i8". */
    public static Column wideIntegers(String name, long[] values, int rows, byte[] present) {
        var data = new byte[rows * Long.BYTES];
        for (int row = 0; row < rows; row++) {
            LONG.set(data, row * Long.BYTES, values[row]);
        }
        return column(name, "<i8", 1, data, present, rows);
    }

    /** Floats: "<f4" if all survive it, where NaN does, else "<f8". */
    public static Column floats(String name, double[] values, int rows, byte[] present) {
        for (int row = 0; row < rows; row++) {
            double value = values[row];
            if (value != (float) value && value == value) {
                return wideFloats(name, values, rows, present);
            }
        }
        var data = new byte[rows * Float.BYTES];
        for (int row = 0; row < rows; row++) {
            FLOAT.set(data, row * Float.BYTES, (float) values[row]);
        }
        return column(name, "<f4", 1, data, present, rows);
    }

    /** Floats as "<f8". */
    public static Column wideFloats(String name, double[] values, int rows, byte[] present) {
        var data = new byte[rows * Double.BYTES];
        for (int row = 0; row < rows; row++) {
            DOUBLE.set(data, row * Double.BYTES, values[row]);
        }
        return column(name, "<f8", 1, data, present, rows);
    }

    /** Vectors of one width, laid end to end, as "<f4". */
    public static Column vectors(String name, float[] elements, int width, int rows, byte[] present) {
        int count = Math.multiplyExact(rows, width);
        var data = new byte[count * Float.BYTES];
        for (int index = 0; index < count; index++) {
            FLOAT.set(data, index * Float.BYTES, elements[index]);
        }
        return column(name, "<f4", width, data, present, rows);
    }

    /** Booleans, a byte each. */
    public static Column booleans(String name, byte[] values, int rows) {
        return column(name, "|b1", 1, values, null, rows);
    }

    /** Strings as UTF-8 with offsets; a null takes no bytes. */
    public static Column strings(String name, List<String> values, byte[] present) {
        var encoded = new byte[values.size()][];
        var offsets = new byte[(values.size() + 1) * Integer.BYTES];
        int end = 0;
        for (int row = 0; row < encoded.length; row++) {
            String value = values.get(row);
            encoded[row] = value == null ? new byte[0] : value.getBytes(StandardCharsets.UTF_8);
            end = Math.addExact(end, encoded[row].length);
            INT.set(offsets, (row + 1) * Integer.BYTES, end);
        }
        var data = new byte[end];
        int start = 0;
        for (byte[] each : encoded) {
            System.arraycopy(each, 0, data, start, each.length);
            start += each.length;
        }
        return column(name, "utf8", 1, data, present, values.size()).toBuilder()
                .setOffsets(UnsafeByteOperations.unsafeWrap(offsets))
                .build();
    }

    /** Values of any mix. */
    public static Column values(String name, List<Value> values, byte[] present) {
        return column(name, "value", 1, new byte[0], present, values.size()).toBuilder()
                .addAllValues(values)
                .build();
    }

    private static Column column(String name, String dtype, int width, byte[] data, byte[] present, int rows) {
        return Column.newBuilder()
                .setName(name)
                .setDtype(dtype)
                .setWidth(width)
                .setData(UnsafeByteOperations.unsafeWrap(data))
                .setPresent(presence(present, rows))
                .build();
    }

    private static ByteString presence(byte[] present, int rows) {
        if (present == null) {
            return ByteString.EMPTY;
        }
        for (int row = 0; row < rows; row++) {
            if (present[row] != PRESENT) {
                return ByteString.copyFrom(present, 0, rows);
            }
        }
        return ByteString.EMPTY;
    }

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }
}
