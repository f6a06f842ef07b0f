package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class RowTest {
    private static Row row(Object value) {
        return column -> value;
    }

    @Test
    void aVectorIsPassedOnAsItIs() {
        var vector = new FloatList(new double[] {0.5, -1});
        assertSame(vector, row(vector).numbers("x"));
        assertEquals(List.of(0.5, -1.0), vector);
    }

    @Test
    void numbersOfAnyKindBecomeFloats() {
        assertEquals(List.of(1.0, 0.5), row(List.of(1L, 0.5)).numbers("x"));
        assertEquals(List.of(), row(List.of()).numbers("x"));
    }

    @Test
    void aVectorOfWidthOneIsAListToo() {
        assertEquals(List.of(2.5), row(2.5).numbers("x"));
    }

    @Test
    void whatWasNotSentIsNull() {
        assertNull(row(null).numbers("x"));
    }

    @Test
    void nobodyChangesAVector() {
        var vector = row(new FloatList(new double[] {1})).numbers("x");
        assertThrows(UnsupportedOperationException.class, () -> vector.set(0, 2.0));
    }
}
