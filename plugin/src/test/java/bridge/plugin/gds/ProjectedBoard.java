package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertThrows;

import bridge.plugin.Board;
import bridge.plugin.FakeServer;
import bridge.plugin.core.Columns;
import bridge.plugin.generated.EncodeProcedures;
import bridge.plugin.generated.GnnProcedures;
import bridge.plugin.generated.HealthProcedures;
import bridge.plugin.generated.RecommendProcedures;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Describe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Store.CloseableResource;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.gds.ListProgressProc;
import org.neo4j.gds.catalog.GraphDropProc;
import org.neo4j.gds.catalog.GraphFilterProc;
import org.neo4j.gds.catalog.GraphListProc;
import org.neo4j.gds.catalog.GraphProjectProc;
import org.neo4j.gds.catalog.GraphStreamNodePropertiesProc;
import org.neo4j.gds.catalog.GraphStreamRelationshipPropertiesProc;
import org.neo4j.gds.embeddings.fastrp.FastRPStreamProc;
import org.neo4j.gds.embeddings.fastrp.FastRPWriteProc;
import org.neo4j.gds.similarity.knn.KnnMutateProc;
import org.neo4j.gds.triangle.TriangleCountStreamProc;
import org.neo4j.gds.undirected.ToUndirectedProc;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;
import org.neo4j.io.fs.FileUtils;

/** The generated procedures in a real Neo4j with GDS, two users and two movies projected as `g`, a server that plays. */
@ExtendWith(ProjectedBoard.OnceForAll.class)
abstract class ProjectedBoard {
    /** The server; a test gives it its script. */
    static FakeServer fake;

    static GraphDatabaseService database;
    static Path home;

    /** Starts Neo4j before the first class, and stops it after the last. */
    static final class OnceForAll implements BeforeAllCallback {
        @Override
        public void beforeAll(ExtensionContext context) {
            context.getRoot()
                    .getStore(ExtensionContext.Namespace.GLOBAL)
                    .getOrComputeIfAbsent(OnceForAll.class, key -> start(), CloseableResource.class);
        }
    }

    private static CloseableResource start() {
        try {
            return started();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static CloseableResource started() throws IOException {
        fake = new FakeServer();
        home = Files.createTempDirectory("bridge-plugin");
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf").resolve("bridge.conf"), "address=127.0.0.1:" + fake.port());
        Neo4j neo4j = Neo4jBuilders.newInProcessBuilder(home)
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.neo4j_home, home)
                .withProcedure(HealthProcedures.class)
                .withProcedure(GnnProcedures.class)
                .withProcedure(EncodeProcedures.class)
                .withProcedure(RecommendProcedures.class)
                .withProcedure(GraphProjectProc.class)
                .withProcedure(GraphDropProc.class)
                .withProcedure(GraphStreamNodePropertiesProc.class)
                .withProcedure(FastRPStreamProc.class)
                .withProcedure(GraphFilterProc.class)
                .withProcedure(ListProgressProc.class)
                .withProcedure(GraphListProc.class)
                .withProcedure(GraphStreamRelationshipPropertiesProc.class)
                .withProcedure(FastRPWriteProc.class)
                .withProcedure(KnnMutateProc.class)
                .withProcedure(TriangleCountStreamProc.class)
                .withProcedure(ToUndirectedProc.class)
                .build();
        database = neo4j.defaultDatabaseService();
        run("CREATE CONSTRAINT FOR (m:Movie) REQUIRE m.movieId IS UNIQUE");
        return () -> {
            neo4j.close();
            fake.close();
            FileUtils.deleteDirectory(home);
        };
    }

    @BeforeEach
    void project() {
        Board.create(
                database,
                "CREATE (a:User {userId: 1, name: 'Ann'}), (b:User {userId: 2, name: 'Bob'}),"
                        + " (x:Movie {movieId: 10, year: 1999, title: 'é'}), (y:Movie {movieId: 11}),"
                        + " (a)-[:RATED {rating: 4.5, at: 964982703}]->(x), (a)-[:RATED {rating: 3.0}]->(x), (b)-[:RATED {rating: 1.0, at: 5}]->(y)"
                        + " RETURN [id(a), id(b), id(x), id(y)] AS ids");
        run("CALL gds.graph.project('g', {User: {}, Movie: {properties: ['year']}},"
                + " {RATED: {properties: ['rating', 'at']}, BOTH: {type: 'RATED', orientation: 'UNDIRECTED'}})");
    }

    @AfterEach
    void clean() {
        run("CALL gds.graph.drop('g', false) YIELD graphName");
        run("MATCH (n) DETACH DELETE n");
    }

    static List<Map<String, Object>> run(String query) {
        return database.executeTransactionally(
                query, Map.of(), result -> result.stream().toList());
    }

    static String failure(String query) {
        return assertThrows(QueryExecutionException.class, () -> run(query)).getMessage();
    }

    static CallResponse describe() {
        return CallResponse.newBuilder()
                .setDescribe(Describe.newBuilder().setGraphName("g"))
                .build();
    }

    static Chunk.Builder chunk(int rows, Column... columns) {
        return Chunk.newBuilder().setRows(rows).addAllColumns(List.of(columns));
    }

    static CallResponse last(Chunk.Builder chunk) {
        return CallResponse.newBuilder().setChunk(chunk.setLast(true)).build();
    }

    static Column ids(String name, long... values) {
        return Columns.integers(name, values, values.length, null);
    }
}
