package bridge.plugin.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.RelationshipType;

class FailuresTest {
    private final ArrayList<String> lines = new ArrayList<>();
    private final ArrayList<Throwable> causes = new ArrayList<>();
    private final Failures failures = new Failures((line, cause) -> {
        lines.add(line);
        causes.add(cause);
    });

    private BridgeException failure(Supplier<Object> work) {
        return assertThrows(BridgeException.class, () -> failures.guard("bridge.x", work));
    }

    private static Supplier<Object> throwing(RuntimeException failure) {
        return () -> {
            throw failure;
        };
    }

    static Stream<Supplier<Object>> faults() {
        Object text = "text";
        return Stream.of(
                () -> ((Object[]) null).length,
                () -> (Integer) text,
                () -> new int[] {1}[text.hashCode() | 2],
                () -> Optional.empty().get(),
                throwing(new IllegalStateException("call already cancelled")),
                throwing(new IllegalArgumentException("ours")),
                () -> {
                    throw new NoSuchMethodError("org.neo4j.gds.Foo.bar()");
                });
    }

    @ParameterizedTest
    @MethodSource("faults")
    void aFaultThatNobodyForesawIsLoggedWholeAndSaidByItsId(Supplier<Object> fault) {
        String text = failure(fault).getMessage();
        String start =
                "The bridge plugin failed at `bridge.x` in a way that nobody foresaw. Neo4j's log has the whole under ";
        assertTrue(text.matches("\\Q" + start + "\\E[0-9a-f]{8}\\."), text);
        String id = text.substring(start.length(), start.length() + 8);
        assertEquals("internal error " + id + " in bridge.x", lines.get(0));
        assertTrue(causes.get(0).getStackTrace().length > 0);
    }

    @Test
    void whatNeo4jSaysToPeopleIsPassedOnWithoutALine() {
        assertEquals(
                "A relationship type cannot have a null name",
                failure(() -> RelationshipType.withName(null)).getMessage());
        assertEquals(
                "Node 5 not found",
                failure(throwing(new NotFoundException("Node 5 not found"))).getMessage());
        assertEquals(0, lines.size());
    }

    @Test
    void anExceptionWithAStatusPassesAsItIs() {
        var own = BridgeException.argument("mine");
        assertSame(own, failure(throwing(own)));
        assertEquals(0, lines.size());
    }
}
