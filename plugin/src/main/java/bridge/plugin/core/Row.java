package bridge.plugin.core;

import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;

/** One row to YIELD, by column name. A column that was not sent is null. */
@FunctionalInterface
public interface Row {
    /** The value as Cypher has it. */
    Object any(String column);

    default Long integer(String column) {
        return any(column) instanceof Number number ? (Long) number.longValue() : null;
    }

    default Double number(String column) {
        return any(column) instanceof Number number ? (Double) number.doubleValue() : null;
    }

    default String string(String column) {
        return (String) any(column);
    }

    default Boolean bool(String column) {
        return (Boolean) any(column);
    }

    default ZonedDateTime datetime(String column) {
        return (ZonedDateTime) any(column);
    }

    @SuppressWarnings("unchecked") // keys are strings wherever a map comes from
    default Map<String, Object> map(String column) {
        return (Map<String, Object>) any(column);
    }

    /** A list of what the procedure declares; a single element, as a vector of width 1 travels, becomes a list. */
    @SuppressWarnings("unchecked") // the server sends what the declaration says, from which this call was generated
    default <T> List<T> list(String column) {
        Object value = any(column);
        return value == null || value instanceof List ? (List<T>) value : (List<T>) List.of(value);
    }

    /** A list of floats, of whatever numbers travelled. */
    default List<Double> numbers(String column) {
        Object value = any(column);
        if (value == null || value instanceof FloatList) {
            return (FloatList) value;
        }
        List<?> list = value instanceof List<?> several ? several : List.of(value);
        return new FloatList(
                list.stream().mapToDouble(each -> ((Number) each).doubleValue()).toArray());
    }
}
