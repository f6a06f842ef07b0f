package bridge.plugin.core;

import java.util.BitSet;
import org.neo4j.graphdb.NotFoundException;
import org.neo4j.graphdb.Transaction;

/** Which nodes of a projection the caller's transaction sees; each is looked up once. */
public final class VisibleNodes {
    private final Transaction transaction;
    private final NodeIds ids;
    // Internal ids beyond an int's range are looked up every time: 2 billion nodes on one machine are not our limit.
    private final BitSet seen = new BitSet();
    private final BitSet hidden = new BitSet();

    public VisibleNodes(Transaction transaction, NodeIds ids) {
        this.transaction = transaction;
        this.ids = ids;
    }

    /** Neo4j's id of a node. */
    public long original(long internal) {
        return ids.checked(internal);
    }

    /** Say whether the transaction sees a node, which may have been deleted since the projection. */
    public boolean sees(long internal) {
        if (internal > Integer.MAX_VALUE) {
            return lookUp(internal);
        }
        int bit = (int) internal;
        if (!seen.get(bit) && !hidden.get(bit)) {
            (lookUp(internal) ? seen : hidden).set(bit);
        }
        return seen.get(bit);
    }

    @SuppressWarnings("deprecation") // GDS knows nodes by these ids
    private boolean lookUp(long internal) {
        try {
            transaction.getNodeById(original(internal));
            return true;
        } catch (NotFoundException deleted) {
            return false;
        }
    }
}
