package bridge.plugin.core;

import org.eclipse.collections.impl.map.mutable.primitive.LongObjectHashMap;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Transaction;

/** The caller's transaction, or transactions of their own for so many changes each, with the caller's rights. */
final class Batches implements AutoCloseable {
    private static final int MOST_NODES = 100_000;

    private final GraphDatabaseService database;
    private final Transaction callers;
    private final long size;
    private Transaction inner;
    private long changes;
    /** Nodes of the current transaction that were asked for: a few targets are the ends of most relationships. */
    private final LongObjectHashMap<Node> nodes = new LongObjectHashMap<>();

    /**
     * @param size changes a transaction; 0 makes all in the caller's
     * @throws BridgeException the caller's transaction holds changes, whose locks the batches would wait for
     */
    Batches(GraphDatabaseService database, Transaction callers, long size) {
        if (size > 0 && KernelSide.hasChanges(callers)) {
            throw BridgeException.argument(
                    "`batchSize` is %d, but the calling transaction has changed the database already, and batches are transactions of their own that would wait for it. Commit first, or leave `batchSize` out."
                            .formatted(size));
        }
        this.database = database;
        this.callers = callers;
        this.size = size;
    }

    /** The transaction to read and write in, until the next {@link #commit} or {@link #mayCommit}. */
    Transaction transaction() {
        if (size == 0) {
            return callers;
        }
        if (inner == null) {
            inner = database.beginTx();
        }
        return inner;
    }

    /** A node by Neo4j's id, or null when the transaction does not see it; good as long as {@link #transaction}. */
    @SuppressWarnings("deprecation") // GDS knows nodes by these ids
    Node node(long id) {
        Node known = nodes.get(id);
        if (known != null) {
            return known;
        }
        if (nodes.size() == MOST_NODES) {
            nodes.clear();
        }
        try {
            Node found = transaction().getNodeById(id);
            nodes.put(id, found);
            return found;
        } catch (NotFoundException deletedSinceTheProjection) {
            return null;
        }
    }

    /** Count a change. */
    void changed() {
        changes++;
    }

    /** Commit when the batch is full. */
    void mayCommit() {
        if (size > 0 && changes >= size) {
            commit();
        }
    }

    /** Commit what is there; the caller's own transaction is left to the caller. */
    void commit() {
        if (inner != null) {
            inner.commit();
            inner.close();
            inner = null;
            nodes.clear();
        }
        changes = 0;
    }

    /** Roll back what is not committed. */
    @Override
    public void close() {
        if (inner != null) {
            inner.close();
            inner = null;
        }
    }
}
