package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.Board;
import bridge.plugin.FakeServer;
import bridge.plugin.core.Columns;
import bridge.plugin.generated.RecommendProcedures;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.CheckLinks;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.Value;
import bridge.plugin.v1.WriteNodeProperty;
import bridge.plugin.v1.WriteRelationships;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.gds.catalog.GraphDropProc;
import org.neo4j.gds.catalog.GraphProjectProc;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.graphdb.Transaction;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;

/** Writing beside what others write: in the calling transaction, in another one, by hand. */
class WritingTest {
    private static final FakeServer FAKE = new FakeServer();
    private static final String WRITE = "CALL bridge.recommend.write('g', {}) YIELD relationshipsWritten";
    private static Neo4j neo4j;
    private static GraphDatabaseService database;

    @BeforeAll
    static void start(@TempDir Path home) throws Exception {
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf").resolve("bridge.conf"), "address=127.0.0.1:" + FAKE.port());
        neo4j = Neo4jBuilders.newInProcessBuilder()
                .withDisabledServer()
                .withConfig(GraphDatabaseSettings.neo4j_home, home)
                .withProcedure(RecommendProcedures.class)
                .withProcedure(GraphProjectProc.class)
                .withProcedure(GraphDropProc.class)
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
                "CREATE (a:User {id: 1}), (b:User {id: 2}), (x:Movie {id: 10}), (y:Movie {id: 11})"
                        + " RETURN [id(a), id(b), id(x), id(y)] AS ids");
        run("CALL gds.graph.project('g', ['User', 'Movie'], '*')");
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

    private static Column ids(String name, long... values) {
        return Columns.integers(name, values, values.length, null);
    }

    private static CallResponse chunk(int rows, Column... columns) {
        var chunk = Chunk.newBuilder().setRows(rows).addAllColumns(List.of(columns));
        return CallResponse.newBuilder().setChunk(chunk).build();
    }

    private static CallResponse last(int rows, Column... columns) {
        var chunk = chunk(rows, columns).getChunk().toBuilder().setLast(true);
        return CallResponse.newBuilder().setChunk(chunk).build();
    }

    private static CallResponse command(long batchSize) {
        var owner = Value.newBuilder().setString("m").build();
        var command = WriteRelationships.newBuilder()
                .setGraphName("g")
                .setType("RECOMMENDED")
                .setOwnerProperty("modelName")
                .setCreatedProperty("createdAt")
                .setConstants(MapValue.newBuilder().putFields("modelName", owner))
                .setSources(Chunk.newBuilder())
                .setBatchSize(batchSize);
        return CallResponse.newBuilder().setWriteRelationships(command).build();
    }

    private static FakeServer.Script relationships(long batchSize, AtomicReference<Done> done) {
        return talk -> {
            talk.take();
            talk.send(command(batchSize));
            talk.send(last(2, ids("source", 0, 1), ids("target", 2, 3), ids("rank", 1, 2)));
            done.set(talk.take().getDone());
        };
    }

    private static FakeServer.Script property(long batchSize) {
        return talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setWriteNodeProperty(WriteNodeProperty.newBuilder()
                            .setGraphName("g")
                            .setProperty("p")
                            .setBatchSize(batchSize))
                    .build());
            talk.send(last(2, ids("id", 0, 1), ids("value", 5, 6)));
            talk.take();
        };
    }

    private static String counts(Done done) {
        return done.getWritten() + " written, " + done.getDeleted() + " deleted, " + done.getUnchanged() + " unchanged";
    }

    private static List<Map<String, Object>> written() {
        return run("MATCH (u)-[r:RECOMMENDED]->(m) RETURN u.id + '-' + m.id AS pair ORDER BY pair");
    }

    @Test
    void batchesAreRefusedAfterAChangeInTheSameTransaction() {
        for (FakeServer.Script script : List.of(relationships(1, new AtomicReference<>()), property(1))) {
            FAKE.script = script;
            try (Transaction transaction = database.beginTx()) {
                transaction.execute("MATCH (u:User {id: 1}) SET u.seen = true").close();
                var error = assertThrows(
                        QueryExecutionException.class,
                        () -> transaction.execute(WRITE).resultAsString());
                assertEquals(
                        "`batchSize` is 1, but the calling transaction has changed the database already, and batches are"
                                + " transactions of their own that would wait for it. Commit first, or leave `batchSize` out.",
                        error.getMessage());
            }
        }
        assertEquals(List.of(), written());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void whatWasChangedBeforeIsNoHindranceInTheSameTransactionNorWhatBatchesWrote(long batchSize) {
        var done = new AtomicReference<Done>();
        FAKE.script = relationships(batchSize, done);
        try (Transaction transaction = database.beginTx()) {
            if (batchSize == 0) {
                transaction.execute("MATCH (u:User {id: 1}) SET u.seen = true").close();
            }
            transaction.execute(WRITE).resultAsString();
            transaction.execute(WRITE).resultAsString();
            assertEquals("0 written, 0 deleted, 2 unchanged", counts(done.get()));
            transaction.commit();
        }
        assertEquals(2, written().size());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void betweenTwoChunksTheServerMayAskWhatIsLinked(long batchSize) {
        var answer = new AtomicReference<Chunk>();
        var done = new AtomicReference<Done>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(command(batchSize));
            talk.send(chunk(1, ids("source", 0), ids("target", 2), ids("rank", 1)));
            var pairs = Chunk.newBuilder()
                    .setRows(2)
                    .addColumns(ids("source", 0, 1))
                    .addColumns(ids("target", 2, 2));
            talk.send(CallResponse.newBuilder()
                    .setCheckLinks(CheckLinks.newBuilder()
                            .setGraphName("g")
                            .addRelationshipTypes("SEEN")
                            .setPairs(pairs))
                    .build());
            answer.set(talk.take().getChunk());
            talk.send(chunk(1, ids("source", 1), ids("target", 3), ids("rank", 2)));
            talk.send(last(0));
            done.set(talk.take().getDone());
        };
        run("MATCH (u:User {id: 1}), (m:Movie {id: 10}) CREATE (u)-[:SEEN]->(m)");
        run(WRITE);
        assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
        assertArrayEquals(
                new byte[] {1, 0}, answer.get().getColumns(0).getData().toByteArray());
    }

    @Test
    void aMarkThatSomebodyAddedIsNoDifference() {
        var done = new AtomicReference<Done>();
        FAKE.script = relationships(0, done);
        run(WRITE);
        run("MATCH (:User {id: 1})-[r:RECOMMENDED]->() SET r.clicked = true");
        run(WRITE);
        assertEquals("0 written, 0 deleted, 2 unchanged", counts(done.get()));
        assertEquals(
                List.of(Map.of("clicked", 1L)),
                run("MATCH ()-[r:RECOMMENDED {clicked: true}]->() RETURN count(r) AS clicked"));
    }

    @Test
    void aPropertyThatIsOtherThanWrittenOrGoneIsADifference() {
        var done = new AtomicReference<Done>();
        FAKE.script = relationships(0, done);
        run(WRITE);
        run("MATCH (:User {id: 1})-[r:RECOMMENDED]->() SET r.rank = 7");
        run("MATCH (:User {id: 2})-[r:RECOMMENDED]->() REMOVE r.rank");
        run(WRITE);
        assertEquals("2 written, 2 deleted, 0 unchanged", counts(done.get()));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1})
    void twoWritesOfOneModelWaitForEachOtherAndLeaveNoDuplicates(long batchSize) throws Exception {
        var done = new AtomicReference<Done>();
        FAKE.script = relationships(batchSize, done);
        CompletableFuture<List<Map<String, Object>>> second;
        try (Transaction first = database.beginTx()) {
            first.execute(WRITE).resultAsString();
            second = CompletableFuture.supplyAsync(() -> run(WRITE));
            assertThrows(TimeoutException.class, () -> second.get(2, TimeUnit.SECONDS));
            first.commit();
        }
        second.get(60, TimeUnit.SECONDS);
        assertEquals("0 written, 0 deleted, 2 unchanged", counts(done.get()));
        assertEquals(2, written().size());
    }

    @Test
    void aWriteThatWaitsCanBeKilled() throws Exception {
        FAKE.script = relationships(0, new AtomicReference<>());
        try (Transaction first = database.beginTx()) {
            first.execute(WRITE).resultAsString();
            try (Transaction second = database.beginTx()) {
                var waiting = CompletableFuture.supplyAsync(() -> assertThrows(
                        RuntimeException.class, () -> second.execute(WRITE).resultAsString()));
                assertThrows(TimeoutException.class, () -> waiting.get(1, TimeUnit.SECONDS));
                second.terminate();
                String text = waiting.get(60, TimeUnit.SECONDS).getMessage();
                assertTrue(text.contains("terminated"), text);
                assertFalse(text.contains("nobody foresaw"), text);
            }
        }
    }
}
