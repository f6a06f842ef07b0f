package bridge.plugin.core;

/** A projection's internal node ids, 0 to count - 1, and Neo4j's. */
public interface NodeIds {
    /** Neo4j's id of a node of the projection. */
    long original(long internal);

    /**
     * Neo4j's id of a node that the server named.
     *
     * @throws BridgeException the projection has no such node
     */
    default long checked(long internal) {
        if (internal < 0 || internal >= count()) {
            throw BridgeException.failed(
                    "The bridge server named the node %d of a projection of %d nodes.".formatted(internal, count()));
        }
        return original(internal);
    }

    /** How many nodes the projection has. */
    long count();
}
