package bridge.plugin.core;

import java.util.NoSuchElementException;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.neo4j.kernel.api.exceptions.Status;

/**
 * What a user reads of a failure: the words that bridge, Neo4j and GDS wrote for people. Of one that nobody foresaw,
 * the log gets the whole and the user an id to find it by.
 */
public final class Failures {
    /** What GDS and Neo4j throw with a sentence for the user; other types of Java's carry texts for programmers. */
    private static final Set<Class<?>> WORDED =
            Set.of(IllegalArgumentException.class, UnsupportedOperationException.class, NoSuchElementException.class);

    private final BiConsumer<String, Throwable> log;

    /**
     * @param log takes a line and what is behind it
     */
    public Failures(BiConsumer<String, Throwable> log) {
        this.log = log;
    }

    /**
     * Do something.
     *
     * @param doing names it for the user: the procedure
     */
    <T> T guard(String doing, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException | LinkageError | AssertionError failure) {
            throw spoken(doing, failure);
        }
    }

    private RuntimeException spoken(String doing, Throwable failure) {
        if (failure instanceof RuntimeException known && known instanceof Status.HasStatus) {
            return known;
        }
        if (failure.getMessage() != null && forPeople(failure)) {
            return BridgeException.failed(failure.getMessage());
        }
        String id = UUID.randomUUID().toString().substring(0, 8);
        log.accept("internal error %s in %s".formatted(id, doing), failure);
        return BridgeException.unforeseen(doing, id);
    }

    private static boolean forPeople(Throwable failure) {
        if (failure instanceof Error) {
            return false;
        }
        if (neo4js(failure.getClass().getName())) {
            return true;
        }
        StackTraceElement[] trace = failure.getStackTrace();
        return WORDED.contains(failure.getClass()) && trace.length > 0 && neo4js(trace[0].getClassName());
    }

    /** GDS's classes bear Neo4j's name too. */
    private static boolean neo4js(String className) {
        return className.startsWith("org.neo4j.") || className.startsWith("com.neo4j.");
    }
}
