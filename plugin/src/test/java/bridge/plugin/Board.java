package bridge.plugin;

import java.util.List;
import java.util.Map;
import org.neo4j.graphdb.GraphDatabaseService;

/** Nodes whose ids ascend as they were named, so that a projection numbers them as a test does. */
public final class Board {
    private static final String STRIP =
            "MATCH (n) WHERE id(n) IN $ids REMOVE n:User:Movie:Item SET n = {} WITH n MATCH (n)-[r]-() DELETE r";

    private Board() {}

    /**
     * Create a board. Neo4j may give ids of deleted nodes again, in any order: what came out of order stays there, bare,
     * and keeps its ids until the next try has others.
     *
     * @param create ends with `RETURN [id(a), id(b)] AS ids`
     */
    public static void create(GraphDatabaseService database, String create) {
        List<Long> ids = ids(database, create);
        while (!ids.equals(ids.stream().sorted().toList())) {
            database.executeTransactionally(STRIP, Map.of("ids", ids));
            ids = ids(database, create);
        }
    }

    @SuppressWarnings("unchecked") // what the query returns
    private static List<Long> ids(GraphDatabaseService database, String create) {
        return database.executeTransactionally(
                create, Map.of(), result -> (List<Long>) result.next().get("ids"));
    }
}
