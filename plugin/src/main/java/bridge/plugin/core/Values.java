package bridge.plugin.core;

import bridge.plugin.v1.ListValue;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.Value;
import java.lang.reflect.Array;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAmount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.Path;
import org.neo4j.graphdb.Relationship;
import org.neo4j.graphdb.spatial.Point;

/** Cypher's values, as Java has them and as they travel. */
public final class Values {
    private Values() {}

    /**
     * Make a message of a value.
     *
     * @param what names the value in an error: `` `configuration.epochs` ``
     * @throws BridgeException it is of a type that does not travel
     */
    public static Value toMessage(Object value, String what) {
        var message = Value.newBuilder();
        if (value == null) {
            return message.build();
        }
        if (value instanceof String string) {
            return message.setString(string).build();
        }
        if (value instanceof Boolean bool) {
            return message.setBoolean(bool).build();
        }
        if (value instanceof Double || value instanceof Float) {
            return message.setFloat(((Number) value).doubleValue()).build();
        }
        if (value instanceof Number integer) {
            return message.setInteger(integer.longValue()).build();
        }
        if (value instanceof Map<?, ?> map) {
            return message.setMap(toMessage(map, what)).build();
        }
        if (value instanceof Iterable<?> list) {
            return message.setList(toMessage(list, what)).build();
        }
        if (value.getClass().isArray() && !(value instanceof byte[])) {
            return message.setList(arrayToMessage(value, what)).build();
        }
        if (value instanceof Node node) {
            return message.setInteger(idOf(node)).build();
        }
        if (value instanceof ZonedDateTime time) {
            return message.setMillis(time.toInstant().toEpochMilli()).build();
        }
        if (value instanceof OffsetDateTime time) {
            return message.setMillis(time.toInstant().toEpochMilli()).build();
        }
        throw BridgeException.argument(
                "%s is a %s, which cannot be passed to bridge. Pass numbers, strings, booleans, DATETIMEs, or lists and maps of them."
                        .formatted(what, cypherName(value)));
    }

    /** Make a message of a map; what {@link #toMessage(Object, String)} says holds for its values. */
    public static MapValue toMessage(Map<?, ?> map, String what) {
        var message = MapValue.newBuilder();
        map.forEach((key, value) -> message.putFields(
                key.toString(), toMessage(value, what.isEmpty() ? "`" + key + "`" : what + " at `" + key + "`")));
        return message.build();
    }

    private static ListValue toMessage(Iterable<?> list, String what) {
        var message = ListValue.newBuilder();
        list.forEach(element -> message.addValues(toMessage(element, "An element of " + what)));
        return message.build();
    }

    private static ListValue arrayToMessage(Object array, String what) {
        var message = ListValue.newBuilder();
        for (int index = 0; index < Array.getLength(array); index++) {
            message.addValues(toMessage(Array.get(array, index), "An element of " + what));
        }
        return message.build();
    }

    /** Make Java's value of a message: Long, Double, String, Boolean, List, Map, ZonedDateTime or null. */
    public static Object toJava(Value message) {
        return switch (message.getKindCase()) {
            case BOOLEAN -> message.getBoolean();
            case INTEGER -> message.getInteger();
            case FLOAT -> message.getFloat();
            case STRING -> message.getString();
            case LIST -> toJava(message.getList());
            case MAP -> toJava(message.getMap());
            case MILLIS -> Instant.ofEpochMilli(message.getMillis()).atZone(ZoneOffset.UTC);
            case KIND_NOT_SET -> null;
        };
    }

    /** Make a Java map of a message. */
    public static Map<String, Object> toJava(MapValue message) {
        var map = new LinkedHashMap<String, Object>();
        message.getFieldsMap().forEach((key, value) -> map.put(key, toJava(value)));
        return map;
    }

    private static List<Object> toJava(ListValue message) {
        var list = new ArrayList<>(message.getValuesCount());
        message.getValuesList().forEach(value -> list.add(toJava(value)));
        return list;
    }

    /** A node stands for its id wherever GDS takes one, `sourceNodeFilter: [user]`. */
    @SuppressWarnings("deprecation") // GDS knows nodes by these ids
    private static long idOf(Node node) {
        return node.getId();
    }

    private static String cypherName(Object value) {
        if (value instanceof Relationship) {
            return "relationship";
        }
        if (value instanceof Path) {
            return "path";
        }
        if (value instanceof Point) {
            return "point";
        }
        if (value instanceof TemporalAmount) {
            return "duration";
        }
        if (value instanceof Temporal) {
            return "date or time without a zone";
        }
        return value instanceof byte[] ? "byte array" : "value of another type";
    }
}
