package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.v1.Column;
import bridge.plugin.v1.Value;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class ColumnsTest {
    private static final byte[] SECOND_MISSING = {Columns.PRESENT, Columns.MISSING};

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @Test
    void integersThatFitTakeFourBytes() {
        Column column = Columns.integers("x", new long[] {1, -2, 99}, 2, null);
        assertEquals("<i4", column.getDtype());
        assertArrayEquals(hex("01000000 feffffff"), column.getData().toByteArray());
        assertTrue(column.getPresent().isEmpty());
    }

    @Test
    void oneIntegerTooLargeWidensTheChunk() {
        Column column = Columns.integers("x", new long[] {1, 1L << 31}, 2, null);
        assertEquals("<i8", column.getDtype());
        assertArrayEquals(
                hex("0100000000000000 0000008000000000"), column.getData().toByteArray());
    }

    @Test
    void theSmallestIntStillFits() {
        assertEquals(
                "<i4",
                Columns.integers("x", new long[] {Integer.MIN_VALUE}, 1, null).getDtype());
    }

    @Test
    void floatsThatSurviveTakeFourBytesAndSoDoesNaN() {
        Column column = Columns.floats("x", new double[] {4.5, Double.NaN}, 2, SECOND_MISSING);
        assertEquals("<f4", column.getDtype());
        assertArrayEquals(hex("00009040 0000c07f"), column.getData().toByteArray());
        assertArrayEquals(SECOND_MISSING, column.getPresent().toByteArray());
    }

    @Test
    void aTimestampStaysWhole() {
        Column column = Columns.floats("x", new double[] {4.5, 964982703}, 2, null);
        assertEquals("<f8", column.getDtype());
        assertEquals(964982703.0, new ColumnReader(column, 2).number(1));
    }

    @Test
    void infinityAndNegativeZeroSurvive() {
        Column column = Columns.floats("x", new double[] {Double.NEGATIVE_INFINITY, -0.0}, 2, null);
        assertEquals("<f4", column.getDtype());
        assertArrayEquals(hex("000080ff 00000080"), column.getData().toByteArray());
    }

    @Test
    void vectorsLieRowByRow() {
        Column column = Columns.vectors("x", new float[] {1, 2, 3, 4}, 2, 2, null);
        assertEquals(2, column.getWidth());
        assertArrayEquals(
                hex("0000803f 00000040 00004040 00008040"), column.getData().toByteArray());
        assertArrayEquals(new float[] {3, 4}, new ColumnReader(column, 2).vector(1));
    }

    @Test
    void aRowsVectorIsAListOfItsFloats() {
        Column floats = Columns.vectors("x", new float[] {1, 2, 0.5f, Float.NaN}, 2, 2, null);
        assertEquals(List.of(0.5, Double.NaN), new ColumnReader(floats, 2).value(1));
        Column doubles = Columns.wideFloats("x", new double[] {1, 2, 0.1, -0.0}, 4, null);
        assertEquals(
                List.of(0.1, -0.0),
                new ColumnReader(doubles.toBuilder().setWidth(2).build(), 2).value(1));
    }

    @Test
    void stringsHaveByteOffsets() {
        byte[] present = {1, 1, 0, 1};
        Column column = Columns.strings("x", Arrays.asList("é", "", null, "日本"), present);
        assertArrayEquals(hex("c3a9 e697a5 e69cac"), column.getData().toByteArray());
        assertArrayEquals(
                hex("00000000 02000000 02000000 02000000 08000000"),
                column.getOffsets().toByteArray());
        var reader = new ColumnReader(column, 4);
        assertEquals(List.of("é", ""), List.of(reader.value(0), reader.value(1)));
        assertNull(reader.value(2));
        assertEquals("日本", reader.value(3));
    }

    @Test
    void valuesKeepTheirKind() {
        var values = List.of(
                Value.newBuilder().setInteger(3).build(),
                Value.newBuilder().setFloat(3).build());
        var reader = new ColumnReader(Columns.values("x", values, null), 2);
        assertEquals(3L, reader.value(0));
        assertEquals(3.0, reader.value(1));
    }

    @Test
    void aColumnOfAnotherLengthIsRefused() {
        Column column = Columns.integers("x", new long[] {1, 2}, 2, null);
        var error = assertThrows(BridgeException.class, () -> new ColumnReader(column, 3));
        assertEquals("The bridge server sent column `x` with 2 of 3 rows.", error.getMessage());
    }
}
