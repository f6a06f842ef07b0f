package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.Board;
import bridge.plugin.FakeServer;
import bridge.plugin.core.Columns;
import bridge.plugin.generated.EncodeProcedures;
import bridge.plugin.generated.RecommendProcedures;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Describe;
import bridge.plugin.v1.Description;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MutateRelationships;
import bridge.plugin.v1.Progress;
import bridge.plugin.v1.WriteNodeProperty;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.gds.catalog.GraphDropProc;
import org.neo4j.gds.catalog.GraphListProc;
import org.neo4j.gds.catalog.GraphProjectProc;
import org.neo4j.gds.catalog.GraphStreamRelationshipPropertiesProc;
import org.neo4j.gds.embeddings.fastrp.FastRPWriteProc;
import org.neo4j.gds.similarity.knn.KnnMutateProc;
import org.neo4j.gds.triangle.TriangleCountStreamProc;
import org.neo4j.gds.undirected.ToUndirectedProc;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;

/**
 * The commands that add relationships to a projection and node properties to the store, beside GDS's own. In one file,
 * because Neo4j takes longer to start than all of them to run.
 */
class CommandsTest {
    private static final FakeServer FAKE = new FakeServer();
    private static Neo4j neo4j;
    private static GraphDatabaseService database;

    @BeforeAll
    static void start(@TempDir Path home) throws Exception {
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf").resolve("bridge.conf"), "address=127.0.0.1:" + FAKE.port());
        neo4j = Neo4jBuilders.newInProcessBuilder()
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.neo4j_home, home)
                .withProcedure(EncodeProcedures.class)
                .withProcedure(RecommendProcedures.class)
                .withProcedure(GraphProjectProc.class)
                .withProcedure(GraphDropProc.class)
                .withProcedure(GraphListProc.class)
                .withProcedure(GraphStreamRelationshipPropertiesProc.class)
                .withProcedure(FastRPWriteProc.class)
                .withProcedure(KnnMutateProc.class)
                .withProcedure(TriangleCountStreamProc.class)
                .withProcedure(ToUndirectedProc.class)
                .build();
        database = neo4j.defaultDatabaseService();
    }

    @AfterAll
    static void stop() {
        neo4j.close();
        FAKE.close();
    }

    @BeforeEach
    void project() {
        Board.create(
                database,
                "CREATE (a:Item {x: 0.0}), (b:Item {x: 1.0}), (c:Item {x: 2.0}), (a)-[:R]->(b), (b)-[:R]->(c)"
                        + " RETURN [id(a), id(b), id(c)] AS ids");
        run("CALL gds.graph.project('g', {Item: {properties: ['x']}}, 'R')");
    }

    @AfterEach
    void clean() {
        run("CALL gds.graph.drop('g', false) YIELD graphName");
        run("MATCH (n) DETACH DELETE n");
    }

    private static List<Map<String, Object>> run(String query) {
        return database.executeTransactionally(
                query, Map.of(), result -> result.stream().toList());
    }

    private static Chunk.Builder chunk(int rows, Column... columns) {
        return Chunk.newBuilder().setRows(rows).addAllColumns(List.of(columns));
    }

    private static CallResponse send(Chunk.Builder chunk, boolean last) {
        return CallResponse.newBuilder().setChunk(chunk.setLast(last)).build();
    }

    private static Column ids(String name, long... values) {
        return Columns.integers(name, values, values.length, null);
    }

    private static Column floats(String name, double... values) {
        return Columns.floats(name, values, values.length, null);
    }

    private static CallResponse mutation(boolean undirected, long rows, String... properties) {
        return CallResponse.newBuilder()
                .setMutateRelationships(MutateRelationships.newBuilder()
                        .setGraphName("g")
                        .setType("LIKE")
                        .addAllProperties(List.of(properties))
                        .setUndirected(undirected)
                        .setRows(rows))
                .build();
    }

    /** A mutation of three relationships, a triangle, in two chunks with a heartbeat between them. */
    private static FakeServer.Script triangle(boolean undirected, AtomicReference<Done> done, String... properties) {
        return talk -> {
            talk.take();
            talk.send(mutation(undirected, 3, properties));
            var first = chunk(2, ids("source", 0, 1), ids("target", 1, 2));
            var second = chunk(1, ids("source", 2), ids("target", 0));
            for (String property : properties) {
                first.addColumns(floats(property, .5, 1.5));
                second.addColumns(ids(property, 7));
            }
            talk.send(send(first, false));
            talk.send(
                    CallResponse.newBuilder().setProgress(Progress.newBuilder()).build());
            talk.send(send(second, true));
            done.set(talk.take().getDone());
        };
    }

    private static String added(String property) {
        return run("CALL gds.graph.relationshipProperties.stream('g', ['" + property + "'], ['LIKE'])"
                        + " YIELD sourceNodeId, targetNodeId, propertyValue MATCH (s) WHERE id(s) = sourceNodeId"
                        + " MATCH (t) WHERE id(t) = targetNodeId WITH s.x AS s, t.x AS t, propertyValue AS v ORDER BY s, t"
                        + " RETURN toInteger(s) + '-' + toInteger(t) + ':' + v AS text")
                .stream()
                .map(row -> (String) row.get("text"))
                .toList()
                .toString();
    }

    @Test
    void relationshipsThatWereAddedAreThereForGdsWithAllTheirProperties() {
        var done = new AtomicReference<Done>();
        FAKE.script = triangle(false, done, "w", "v");
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(3, done.get().getWritten());
        assertEquals("[0-1:0.5, 1-2:1.5, 2-0:7.0]", added("w"));
        assertEquals("[0-1:0.5, 1-2:1.5, 2-0:7.0]", added("v"));
        var row = run("CALL gds.graph.list('g') YIELD relationshipCount, schemaWithOrientation AS schema"
                        + " RETURN relationshipCount, schema.relationships.LIKE AS like")
                .get(0);
        assertEquals(5L, row.get("relationshipCount"));
        assertEquals("DIRECTED", ((Map<?, ?>) row.get("like")).get("direction"));
    }

    @Test
    void undirectedRelationshipsAreThereInBothDirectionsAndCountAsGdsCounts() {
        var done = new AtomicReference<Done>();
        FAKE.script = triangle(true, done, "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals("[0-1:0.5, 0-2:7.0, 1-0:0.5, 1-2:1.5, 2-0:7.0, 2-1:1.5]", added("w"));
        var gds = run("CALL gds.graph.relationships.toUndirected('g', {relationshipType: 'R',"
                + " mutateRelationshipType: 'U'}) YIELD relationshipsWritten");
        assertEquals(4L, gds.get(0).get("relationshipsWritten")); // of two
        assertEquals(6, done.get().getWritten()); // of three
        assertEquals(
                3,
                run("CALL gds.triangleCount.stream('g', {relationshipTypes: ['LIKE']}) YIELD triangleCount"
                                + " WHERE triangleCount = 1 RETURN 1") // takes undirected ones only
                        .size());
    }

    @Test
    void directedRelationshipsCountAsGdsCounts() {
        var done = new AtomicReference<Done>();
        FAKE.script = triangle(false, done, "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        var gds = run("CALL gds.knn.mutate('g', {nodeProperties: ['x'], topK: 1, mutateRelationshipType: 'K',"
                + " mutateProperty: 's'}) YIELD relationshipsWritten");
        assertEquals(gds.get(0).get("relationshipsWritten"), done.get().getWritten()); // one a node
    }

    @Test
    void aTypeWithoutPropertiesAndWithoutRowsIsThere() {
        var done = new AtomicReference<Done>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(mutation(false, 0));
            talk.send(send(chunk(0), true));
            done.set(talk.take().getDone());
        };
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(0, done.get().getWritten());
        assertEquals(
                List.of(Map.of("there", true)),
                run(
                        "CALL gds.graph.list('g') YIELD schemaWithOrientation AS s RETURN s.relationships.LIKE IS NOT NULL AS there"));
    }

    @Test
    void theProjectionIsKnownToBeAnotherOneAfterwards() throws Exception {
        var descriptions = new ArrayList<Description>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(describe());
            descriptions.add(talk.take().getDescription());
        };
        var describing = FAKE.script;
        run("CALL bridge.encode.text.mutate('g', {})");
        Thread.sleep(2); // times are in milliseconds
        FAKE.script = triangle(true, new AtomicReference<>(), "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        FAKE.script = describing;
        run("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(descriptions.get(1).getModifiedMillis() > descriptions.get(0).getModifiedMillis());
        var like = descriptions.get(1).getRelationshipTypes(0);
        assertEquals("LIKE", like.getType());
        assertTrue(like.getUndirected());
        assertEquals(6, like.getRelationshipCount());
    }

    private static CallResponse describe() {
        return CallResponse.newBuilder()
                .setDescribe(Describe.newBuilder().setGraphName("g"))
                .build();
    }

    @Test
    void aTypeThatExistsIsRefused() {
        FAKE.script = triangle(false, new AtomicReference<>(), "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        var error = assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        assertEquals("Relationship type `LIKE` already exists in the in-memory graph.", error.getMessage());
    }

    @Test
    void anErrorBeforeTheLastChunkLeavesTheProjectionAsItWas() {
        FAKE.script = talk -> {
            talk.take();
            talk.send(mutation(false, 3));
            talk.send(send(chunk(2, ids("source", 0, 1), ids("target", 1, 2)), false));
            throw Status.FAILED_PRECONDITION.withDescription("Changed my mind.").asException();
        };
        assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        FAKE.script = talk -> {
            talk.take();
            talk.send(mutation(false, 2));
            talk.send(send(chunk(2, ids("source", 0, 1), ids("target", 1, 3)), true));
            talk.take();
        };
        var error = assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        assertTrue(error.getMessage().contains("the node 3 of a projection of 3 nodes"), error.getMessage());
        assertEquals(List.of(Map.of("relationshipCount", 2L)), run("CALL gds.graph.list('g') YIELD relationshipCount"));
    }

    private static FakeServer.Script property(long batchSize, boolean vectors, Column values, Runnable atTheEnd) {
        return talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setWriteNodeProperty(WriteNodeProperty.newBuilder()
                            .setGraphName("g")
                            .setProperty("p")
                            .setVectors(vectors)
                            .setRows(3)
                            .setBatchSize(batchSize))
                    .build());
            talk.send(send(chunk(3, ids("id", 0, 1, 2), values), true));
            long written = talk.take().getDone().getWritten();
            atTheEnd.run();
            talk.send(CallResponse.newBuilder()
                    .setRows(chunk(1, ids("relationshipsWritten", written)))
                    .build());
        };
    }

    private static final String WRITE = "CALL bridge.recommend.write('g', {}) YIELD relationshipsWritten AS written";

    private static List<Object> stored(String property) {
        try (var transaction = database.beginTx()) {
            return transaction.execute("MATCH (n:Item) RETURN n ORDER BY n.x").<Node>columnAs("n").stream()
                    .map(node -> node.getProperty(property, null))
                    .toList();
        }
    }

    @Test
    void vectorsAreStoredInTheTypeInWhichGdsStoresEmbeddings() {
        var vectors = Columns.vectors("value", new float[] {1, 2, 3, 4, 5, 6}, 2, 3, null);
        FAKE.script = property(0, true, vectors, () -> {});
        assertEquals(List.of(Map.of("written", 3L)), run(WRITE));
        run("CALL gds.fastRP.write('g', {embeddingDimension: 2, writeProperty: 'fastrp'})");
        assertEquals(stored("fastrp").get(0).getClass(), stored("p").get(0).getClass());
        assertArrayEquals(new float[] {5, 6}, (float[]) stored("p").get(2));
    }

    @Test
    void aVectorOfOneElementIsStoredAsOneAndAScalarAsANumber() {
        FAKE.script = property(0, true, Columns.vectors("value", new float[] {1, 2, 3}, 1, 3, null), () -> {});
        run(WRITE);
        assertArrayEquals(new float[] {2}, (float[]) stored("p").get(1));
        FAKE.script = property(0, false, floats("value", .5, 1.5, 2.5), () -> {});
        run(WRITE);
        assertEquals(List.of(.5, 1.5, 2.5), stored("p"));
        FAKE.script = property(0, false, ids("value", 4, 5, 6), () -> {});
        run(WRITE);
        assertEquals(List.of(4L, 5L, 6L), stored("p"));
    }

    @Test
    void nodesThatAreGoneAndRowsWithoutValueAreLeftOut() {
        run("MATCH (n:Item {x: 1.0}) DETACH DELETE n");
        var values = Columns.floats("value", new double[] {1, 2, 3}, 3, new byte[] {1, 1, 0});
        for (long batchSize : new long[] {0, 1}) {
            FAKE.script = property(batchSize, false, values, () -> {});
            assertEquals(List.of(Map.of("written", 1L)), run(WRITE));
        }
        var found = stored("p");
        assertEquals(1.0, found.get(0));
        assertEquals(null, found.get(1));
    }

    @Test
    void aLateErrorUndoesTheWriteInTheCallersTransactionAndLeavesItInBatches() {
        Runnable fail = () -> {
            throw Status.FAILED_PRECONDITION.withDescription("Too late.").asRuntimeException();
        };
        FAKE.script = property(0, false, floats("value", 1, 2, 3), fail);
        assertThrows(QueryExecutionException.class, () -> run(WRITE));
        assertEquals(Arrays.asList(null, null, null), stored("p"));
        FAKE.script = property(2, false, floats("value", 1, 2, 3), fail);
        assertThrows(QueryExecutionException.class, () -> run(WRITE));
        assertEquals(List.of(1.0, 2.0, 3.0), stored("p"));
    }
}
