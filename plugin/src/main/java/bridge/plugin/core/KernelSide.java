package bridge.plugin.core;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.neo4j.graphdb.Transaction;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.impl.coreapi.InternalTransaction;

/** What Neo4j's public interface does not say or do for a transaction. */
final class KernelSide {
    /** Greater than every id that a relationship has, and not negative. */
    private static final long BEYOND_IDS = 1L << 62;

    private KernelSide() {}

    /** Say whether a transaction has changed something, so that it holds locks. */
    static boolean hasChanges(Transaction transaction) {
        return kernel(transaction).dataRead().transactionStateHasChanges();
    }

    /**
     * Wait until no other transaction holds this name, and hold it until this one ends. Neo4j's own lock manager does
     * it, under an id that no relationship has: so a deadlock, a kill and the lock time-out are noticed.
     */
    static void lock(Transaction transaction, String name) {
        long hash =
                UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).getLeastSignificantBits();
        kernel(transaction).locks().acquireExclusiveRelationshipLock(hash >>> 2 | BEYOND_IDS);
    }

    private static KernelTransaction kernel(Transaction transaction) {
        return ((InternalTransaction) transaction).kernelTransaction();
    }
}
