package bridge.plugin.core;

/** A projection's internal node ids, 0 to count - 1, and Neo4j's. */
public interface NodeIds {
    /** Neo4j's id of a node of the projection. */
    long original(long internal);

    /** How many nodes the projection has. */
    long count();
}
