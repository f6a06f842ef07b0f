package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.neo4j.graphdb.Node;

class ValuesTest {
    @Test
    void everythingThatTravelsComesBackTheSame() {
        var map = new HashMap<String, Object>();
        map.put("integer", Long.MAX_VALUE);
        map.put("float", 0.1);
        map.put("string", "é");
        map.put("flag", false);
        map.put("nothing", null);
        map.put("list", Arrays.asList(1L, 1.0, null, List.of("x"), Map.of("k", 2L)));
        map.put("time", ZonedDateTime.of(2026, 1, 2, 3, 4, 5, 6_000_000, ZoneOffset.UTC));
        assertEquals(map, Values.toJava(Values.toMessage(map, "")));
    }

    @Test
    void storedArraysBecomeLists() {
        assertEquals(List.of(1L, 2L), Values.toJava(Values.toMessage(new int[] {1, 2}, "x")));
        assertEquals(List.of("a"), Values.toJava(Values.toMessage(new String[] {"a"}, "x")));
    }

    @Test
    void aTimeOfAnotherZoneIsTheSameInstant() {
        var time = ZonedDateTime.of(2026, 1, 2, 3, 0, 0, 0, ZoneOffset.ofHours(2));
        assertEquals(time.toInstant(), ((ZonedDateTime) Values.toJava(Values.toMessage(time, "x"))).toInstant());
    }

    @Test
    void aNodeTravelsAsItsId() {
        var node = (Node) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Node.class}, (proxy, method, arguments) -> 42L);
        assertEquals(List.of(42L), Values.toJava(Values.toMessage(List.of(node), "x")));
    }

    @Test
    void whatCannotTravelIsRefusedByItsPlaceWithoutAJavaName() {
        Map<String, Object> arguments = Map.of("configuration", Map.of("since", LocalDate.of(2026, 1, 1)));
        var error = assertThrows(BridgeException.class, () -> Values.toMessage(arguments, ""));
        assertEquals(
                "`configuration` at `since` is a date or time without a zone, which cannot be passed to bridge."
                        + " Pass numbers, strings, booleans, DATETIMEs, or lists and maps of them.",
                error.getMessage());
    }
}
