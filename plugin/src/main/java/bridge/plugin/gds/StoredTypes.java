package bridge.plugin.gds;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.neo4j.gds.RelationshipType;
import org.neo4j.gds.config.GraphProjectConfig;
import org.neo4j.gds.config.GraphProjectFromGraphConfig;
import org.neo4j.gds.config.GraphSampleProcConfig;
import org.neo4j.gds.projection.GraphProjectFromStoreConfig;
import org.neo4j.graphdb.Transaction;

/** Which type of the database a projection's relationships are of. */
final class StoredTypes {
    private final GraphProjectConfig origin;
    private final Set<String> stored;

    StoredTypes(GraphProjectConfig config, Transaction transaction) {
        this.origin = origin(config);
        this.stored = StreamSupport.stream(transaction.getAllRelationshipTypes().spliterator(), false)
                .map(org.neo4j.graphdb.RelationshipType::name)
                .collect(Collectors.toSet());
    }

    /** The stored type of a projected one; empty when it stands for all types, or when nothing tells. */
    String of(RelationshipType type) {
        if (origin instanceof GraphProjectFromStoreConfig config) {
            var projection = config.relationshipProjections().projections().get(type);
            if (projection != null) {
                return projection.projectAll() ? "" : projection.type();
            }
        }
        // A Cypher projection names types as it likes, and a mutation adds some: there only an equal name tells.
        return stored.contains(type.name()) ? type.name() : "";
    }

    /** The configuration of the projection that was made from the database, behind filters and samples of it. */
    private static GraphProjectConfig origin(GraphProjectConfig config) {
        if (config instanceof GraphProjectFromGraphConfig filtered) {
            return origin(filtered.originalConfig());
        }
        return config instanceof GraphSampleProcConfig sampled ? origin(sampled.originalConfig()) : config;
    }
}
