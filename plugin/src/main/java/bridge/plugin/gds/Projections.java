package bridge.plugin.gds;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neo4j.gds.api.DatabaseId;
import org.neo4j.gds.api.GraphStore;
import org.neo4j.gds.api.User;
import org.neo4j.gds.config.GraphProjectConfig;
import org.neo4j.gds.core.loading.CatalogRequest;
import org.neo4j.gds.core.loading.GraphStoreCatalog;
import org.neo4j.gds.core.loading.GraphStoreCatalogEntry;

/** The caller's projections on this database. One that was looked up stays the same to the end of the call. */
final class Projections {
    private final User user;
    private final DatabaseId database;
    private final Map<String, GraphStoreCatalogEntry> found = new HashMap<>();

    Projections(String user, String database) {
        this.user = new User(user, false);
        this.database = DatabaseId.of(database);
    }

    boolean exists(String name) {
        return found.containsKey(name) || GraphStoreCatalog.exists(user.getUsername(), database, name);
    }

    /**
     * Find a projection.
     *
     * @throws java.util.NoSuchElementException there is none of that name; GDS says it to the user
     */
    GraphStore get(String name) {
        return entry(name).graphStore();
    }

    /** How a projection was made. */
    GraphProjectConfig config(String name) {
        return entry(name).config();
    }

    private GraphStoreCatalogEntry entry(String name) {
        return found.computeIfAbsent(
                name, missing -> GraphStoreCatalog.get(CatalogRequest.of(user, database), missing));
    }

    List<String> names() {
        return GraphStoreCatalog.getGraphStores(user.getUsername(), database).stream()
                .map(entry -> entry.config().graphName())
                .sorted()
                .toList();
    }
}
