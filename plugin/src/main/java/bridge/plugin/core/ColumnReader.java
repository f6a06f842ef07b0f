package bridge.plugin.core;

import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.stream.IntStream;

/** One column of one chunk, read in place. */
public final class ColumnReader {
    private enum Kind {
        INT,
        LONG,
        FLOAT,
        DOUBLE,
        BYTE,
        BOOLEAN,
        STRING,
        VALUE
    }

    private final Column column;
    private final Kind kind;
    private final int width;
    private final ByteBuffer data;
    private final ByteBuffer offsets;

    /**
     * @throws BridgeException the column is not as long as the chunk says, or of a type unknown here
     */
    public ColumnReader(Column column, long rows) {
        this.column = column;
        this.kind = kind(column);
        this.width = Math.max(1, column.getWidth());
        this.data = column.getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        this.offsets = column.getOffsets().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        long given = kind == Kind.VALUE
                ? column.getValuesCount()
                : kind == Kind.STRING ? offsets.remaining() / Integer.BYTES - 1 : data.remaining() / size() / width;
        if (given != rows
                || (!column.getPresent().isEmpty() && column.getPresent().size() != rows)) {
            throw BridgeException.failed(
                    "The bridge server sent column `%s` with %d of %d rows.".formatted(column.getName(), given, rows));
        }
    }

    /**
     * Find a column of a chunk.
     *
     * @throws BridgeException it is not there
     */
    public static ColumnReader of(Chunk chunk, String name) {
        for (Column each : chunk.getColumnsList()) {
            if (each.getName().equals(name)) {
                return new ColumnReader(each, chunk.getRows());
            }
        }
        throw BridgeException.failed("The bridge server sent rows without the column `%s`.".formatted(name));
    }

    String name() {
        return column.getName();
    }

    /** The elements are the projection's internal ids. */
    boolean nodeIds() {
        return column.getNodeIds();
    }

    /** Elements in a row. */
    public int width() {
        return width;
    }

    /** The elements are integers. */
    public boolean isInteger() {
        return kind == Kind.INT || kind == Kind.LONG || kind == Kind.BYTE;
    }

    /** Say whether the row has a value. */
    public boolean has(int row) {
        return column.getPresent().isEmpty() || column.getPresent().byteAt(row) == Columns.PRESENT;
    }

    /** Element of a column of integers; for vectors, {@code index} is row × width + position. */
    public long integer(int index) {
        return switch (kind) {
            case INT -> data.getInt(index * Integer.BYTES);
            case LONG -> data.getLong(index * Long.BYTES);
            case BYTE -> Byte.toUnsignedInt(data.get(index));
            default -> throw BridgeException.failed("The bridge server sent column `%s` as `%s`, not as integers."
                    .formatted(name(), column.getDtype()));
        };
    }

    /** Element of a column of numbers. */
    public double number(int index) {
        return switch (kind) {
            case FLOAT -> data.getFloat(index * Float.BYTES);
            case DOUBLE -> data.getDouble(index * Double.BYTES);
            default -> integer(index);
        };
    }

    /** The row's vector. */
    public float[] vector(int row) {
        var vector = new float[width];
        for (int position = 0; position < width; position++) {
            vector[position] = (float) number(row * width + position);
        }
        return vector;
    }

    /** The row's vector as an array of the column's own type, as it is stored: float[], double[] or long[]. */
    public Object array(int row) {
        if (kind == Kind.FLOAT) {
            return vector(row);
        }
        int first = row * width;
        return kind == Kind.DOUBLE
                ? doubles(row)
                : IntStream.range(first, first + width).mapToLong(this::integer).toArray();
    }

    private double[] doubles(int row) {
        var elements = new double[width];
        for (int position = 0; position < width; position++) {
            elements[position] = number(row * width + position);
        }
        return elements;
    }

    /** The row's value as Cypher has it; null when it is missing. */
    public Object value(int row) {
        if (!has(row)) {
            return null;
        }
        if (width == 1 || kind == Kind.VALUE || kind == Kind.STRING) {
            return element(row);
        }
        if (kind == Kind.FLOAT || kind == Kind.DOUBLE) {
            return new FloatList(doubles(row));
        }
        var list = new ArrayList<>(width);
        for (int position = 0; position < width; position++) {
            list.add(element(row * width + position));
        }
        return list;
    }

    private Object element(int index) {
        return switch (kind) {
            case INT, LONG, BYTE -> integer(index);
            case FLOAT, DOUBLE -> number(index);
            case BOOLEAN -> data.get(index) != 0;
            case STRING -> string(index);
            case VALUE -> Values.toJava(column.getValues(index));
        };
    }

    private String string(int row) {
        int start = offsets.getInt(row * Integer.BYTES);
        var bytes = new byte[offsets.getInt((row + 1) * Integer.BYTES) - start];
        data.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Kind kind(Column column) {
        return switch (column.getDtype()) {
            case "<i4" -> Kind.INT;
            case "<i8" -> Kind.LONG;
            case "<f4" -> Kind.FLOAT;
            case "<f8" -> Kind.DOUBLE;
            case "|u1" -> Kind.BYTE;
            case "|b1" -> Kind.BOOLEAN;
            case "utf8" -> Kind.STRING;
            case "value" -> Kind.VALUE;
            default -> throw BridgeException.failed(
                    "The bridge server sent column `%s` as `%s`, which this plugin does not know."
                            .formatted(column.getName(), column.getDtype()));
        };
    }

    private int size() {
        return switch (kind) {
            case INT, FLOAT -> Integer.BYTES;
            case LONG, DOUBLE -> Long.BYTES;
            default -> 1;
        };
    }
}
