package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.Board;
import bridge.plugin.FakeServer;
import bridge.plugin.core.ColumnReader;
import bridge.plugin.core.Columns;
import bridge.plugin.generated.Contract;
import bridge.plugin.generated.EncodeProcedures;
import bridge.plugin.generated.GnnProcedures;
import bridge.plugin.generated.HealthProcedures;
import bridge.plugin.generated.RecommendProcedures;
import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.CheckLinks;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Describe;
import bridge.plugin.v1.Description;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.Job;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.MutateNodeProperty;
import bridge.plugin.v1.Progress;
import bridge.plugin.v1.ReadNodeProperties;
import bridge.plugin.v1.ReadProjection;
import bridge.plugin.v1.TableColumns;
import bridge.plugin.v1.Value;
import bridge.plugin.v1.WriteRelationships;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.gds.ListProgressProc;
import org.neo4j.gds.catalog.GraphDropProc;
import org.neo4j.gds.catalog.GraphFilterProc;
import org.neo4j.gds.catalog.GraphProjectProc;
import org.neo4j.gds.catalog.GraphStreamNodePropertiesProc;
import org.neo4j.gds.embeddings.fastrp.FastRPStreamProc;
import org.neo4j.graphdb.GraphDatabaseService;
import org.neo4j.graphdb.QueryExecutionException;
import org.neo4j.harness.Neo4j;
import org.neo4j.harness.Neo4jBuilders;

/** The generated procedures in a real Neo4j with GDS, against a server that plays scripts. */
class ProjectionProceduresTest {
    private static final FakeServer FAKE = new FakeServer();
    private static Neo4j neo4j;
    private static GraphDatabaseService database;
    private static Path home;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        home = folder;
        Files.createDirectories(home.resolve("conf"));
        Files.writeString(home.resolve("conf").resolve("bridge.conf"), "address=127.0.0.1:" + FAKE.port());
        neo4j = Neo4jBuilders.newInProcessBuilder(home)
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
                .build();
        database = neo4j.defaultDatabaseService();
        run("CREATE CONSTRAINT FOR (m:Movie) REQUIRE m.movieId IS UNIQUE");
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

    private static List<Map<String, Object>> run(String query) {
        return database.executeTransactionally(
                query, Map.of(), result -> result.stream().toList());
    }

    private static String failure(String query) {
        return assertThrows(QueryExecutionException.class, () -> run(query)).getMessage();
    }

    private static CallResponse describe() {
        return CallResponse.newBuilder()
                .setDescribe(Describe.newBuilder().setGraphName("g"))
                .build();
    }

    private static Chunk.Builder chunk(int rows, Column... columns) {
        return Chunk.newBuilder().setRows(rows).addAllColumns(List.of(columns));
    }

    private static CallResponse last(Chunk.Builder chunk) {
        return CallResponse.newBuilder().setChunk(chunk.setLast(true)).build();
    }

    private static Column ids(String name, long... values) {
        return Columns.integers(name, values, values.length, null);
    }

    @Test
    void theStartSaysWhoCallsWhatWithWhichContract() {
        var start = new AtomicReference<CallRequest>();
        FAKE.script = talk -> start.set(talk.take());
        run("CALL bridge.gnn.train('g', {epochs: 3, list: [1, 2.5, null]})");
        var sent = start.get().getStart();
        assertEquals("bridge.gnn.train", sent.getProcedure());
        assertEquals(Contract.HASH, sent.getContract());
        assertEquals("neo4j", sent.getCaller().getDatabase());
        assertEquals(36, sent.getCaller().getDatabaseId().length());
        assertEquals("5.26.29", sent.getCaller().getNeo4JVersion());
        assertEquals("2.13.9", sent.getCaller().getGdsVersion());
        assertTrue(sent.getCaller().getTransactionMemoryBytes() > 0);
        MapValue configuration =
                sent.getArguments().getFieldsOrThrow("configuration").getMap();
        assertEquals(3, configuration.getFieldsOrThrow("epochs").getInteger());
        assertEquals(
                2.5,
                configuration.getFieldsOrThrow("list").getList().getValues(1).getFloat());
    }

    @Test
    void aProjectionIsDescribed() {
        var answer = new AtomicReference<Description>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(describe());
            answer.set(talk.take().getDescription());
        };
        run("CALL bridge.gnn.train('g')");
        var description = answer.get();
        assertTrue(description.getFound() && description.getCanWrite());
        assertEquals(4, description.getNodeCount());
        assertEquals(3 + 6, description.getRelationshipCount());
        assertEquals("Movie", description.getLabels(0).getLabel());
        assertEquals(2, description.getLabels(0).getNodeCount());
        assertEquals("LONG", description.getLabels(0).getProperties(0).getValueType());
        assertEquals("BOTH", description.getRelationshipTypes(0).getType());
        assertTrue(description.getRelationshipTypes(0).getUndirected());
        assertFalse(description.getRelationshipTypes(1).getUndirected());
        assertEquals(
                List.of("at", "rating"),
                description.getRelationshipTypes(1).getPropertiesList().stream()
                        .map(each -> each.getName())
                        .toList());
        assertEquals(1, description.getConstraintsCount());
        assertEquals("movieId", description.getConstraints(0).getProperty());
    }

    private static String storedTypes(String graph) {
        var answer = new AtomicReference<Description>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setDescribe(Describe.newBuilder().setGraphName(graph))
                    .build());
            answer.set(talk.take().getDescription());
        };
        run("CALL bridge.gnn.train('" + graph + "')");
        return answer.get().getRelationshipTypesList().stream()
                .map(each -> each.getType() + " is " + each.getStoredType())
                .toList()
                .toString();
    }

    @Test
    void aProjectedTypeIsDescribedWithTheStoredOneWhereItIsKnown() {
        assertEquals("[BOTH is RATED, RATED is RATED]", storedTypes("g"));
        run("CALL gds.graph.filter('filtered', 'g', '*', 'r:BOTH')");
        run("CALL gds.graph.project('all', '*', '*')");
        run("MATCH (a)-[:RATED]->(b) RETURN gds.graph.project('cypher', a, b,"
                + " {relationshipType: CASE b.movieId WHEN 10 THEN 'RATED' ELSE 'LIKES' END})");
        try {
            assertEquals("[BOTH is RATED]", storedTypes("filtered"));
            assertEquals("[__ALL__ is ]", storedTypes("all"));
            assertEquals("[LIKES is , RATED is RATED]", storedTypes("cypher"));
        } finally {
            List.of("filtered", "all", "cypher").forEach(each -> run("CALL gds.graph.drop('" + each + "')"));
        }
    }

    @Test
    void anUnknownProjectionIsDescribedAsNotFoundWithThoseThereAre() {
        var answer = new AtomicReference<Description>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setDescribe(Describe.newBuilder().setGraphName("nope"))
                    .build());
            answer.set(talk.take().getDescription());
        };
        run("CALL bridge.gnn.train('nope')");
        assertFalse(answer.get().getFound());
        assertEquals(List.of("g"), answer.get().getGraphNamesList());
    }

    @Test
    void tablesArriveInTheOrderAskedForWithMissingValuesMarked() {
        var chunks = new ArrayList<Chunk>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setReadProjection(ReadProjection.newBuilder()
                            .setGraphName("g")
                            .addNodes(
                                    TableColumns.newBuilder().setTable("Movie").addProperties("year"))
                            .addRelationships(TableColumns.newBuilder()
                                    .setTable("RATED")
                                    .addProperties("rating")
                                    .addProperties("at")))
                    .build());
            chunks.add(talk.take().getChunk());
            chunks.add(talk.take().getChunk());
        };
        run("CALL bridge.gnn.train('g')");
        Chunk movies = chunks.get(0);
        Chunk rated = chunks.get(1);
        assertEquals("Movie", movies.getTable());
        assertFalse(movies.getLast());
        assertEquals("<i8", movies.getColumns(1).getDtype());
        var year = ColumnReader.of(movies, "year");
        assertEquals(Arrays.asList(1999L, null), Arrays.asList(year.value(0), year.value(1)));
        assertTrue(rated.getLast());
        assertEquals(3, rated.getRows()); // the parallel ones are kept
        var at = ColumnReader.of(rated, "at");
        var rating = ColumnReader.of(rated, "rating");
        var pairs = new HashSet<String>();
        for (int row = 0; row < 3; row++) {
            pairs.add(rating.number(row) + " " + at.number(row));
        }
        assertEquals(Set.of("4.5 9.64982703E8", "3.0 NaN", "1.0 5.0"), pairs);
        assertEquals("<f4", rated.getColumns(2).getDtype());
        assertEquals("<f8", rated.getColumns(3).getDtype());
    }

    @Test
    void storedPropertiesAreReadInTheCallersTransaction() {
        var chunk = new AtomicReference<Chunk>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setReadNodeProperties(ReadNodeProperties.newBuilder()
                            .setGraphName("g")
                            .setLabel("User")
                            .addProperties("name")
                            .addProperties("userId"))
                    .build());
            chunk.set(talk.take().getChunk());
        };
        try (var transaction = database.beginTx()) {
            transaction.execute("MATCH (u:User {userId: 1}) SET u.name = 'Zoë'").close();
            transaction.execute("MATCH (u:User {userId: 2}) DETACH DELETE u").close();
            transaction.execute("CALL bridge.gnn.train('g')").resultAsString();
            transaction.rollback();
        }
        var name = ColumnReader.of(chunk.get(), "name");
        assertEquals("Zoë", name.value(0));
        assertEquals(Columns.INVISIBLE, chunk.get().getColumns(1).getPresent().byteAt(1));
        assertTrue(chunk.get().getLast());
    }

    @Test
    void linksAreLookedUpInTheStore() {
        var linked = new AtomicReference<Chunk>();
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setCheckLinks(CheckLinks.newBuilder()
                            .setGraphName("g")
                            .addRelationshipTypes("RATED")
                            .setPairs(chunk(4, ids("source", 0, 0, 1, 2), ids("target", 2, 3, 3, 0))))
                    .build());
            linked.set(talk.take().getChunk());
        };
        run("CALL bridge.gnn.train('g')");
        assertEquals(
                List.of((byte) 1, (byte) 0, (byte) 1, (byte) 0),
                bytes(linked.get().getColumns(0)));
    }

    private static List<Byte> bytes(Column column) {
        return IntStream.range(0, column.getData().size())
                .mapToObj(column.getData()::byteAt)
                .toList();
    }

    private void mutate(String label, long firstNode) {
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setMutateNodeProperty(MutateNodeProperty.newBuilder()
                            .setGraphName("g")
                            .setLabel(label)
                            .setProperty("v")
                            .setDimension(2)
                            .setRows(2))
                    .build());
            talk.send(
                    CallResponse.newBuilder().setProgress(Progress.newBuilder()).build());
            var vectors = Columns.vectors("value", new float[] {1, 2, 3, 4}, 2, 2, null);
            talk.send(last(chunk(2, ids("id", firstNode, firstNode + 1), vectors)));
            assertEquals(2, talk.take().getDone().getWritten());
        };
        run("CALL bridge.encode.text.mutate('g', {})");
    }

    @Test
    void aMutatedPropertyWorksInGdsOnOneLabelAndThenOnAnother() {
        mutate("User", 0);
        assertEquals(
                List.of(Map.of("v", List.of(1.0, 2.0)), Map.of("v", List.of(3.0, 4.0))),
                run("CALL gds.graph.nodeProperty.stream('g', 'v', ['User']) YIELD propertyValue AS v"
                        + " RETURN [x IN v | toFloat(x)] AS v ORDER BY v[0]"));
        mutate("Movie", 2);
        assertEquals(
                4,
                run("CALL gds.graph.nodeProperty.stream('g', 'v') YIELD propertyValue AS v RETURN v")
                        .size());
        var features =
                "CALL gds.fastRP.stream('g', {embeddingDimension: 4, propertyRatio: 0.5, featureProperties: ['v']}) YIELD embedding RETURN embedding";
        assertEquals(4, run(features).size());
    }

    private static FakeServer.Script mutation(List<String> labels, Column ids, Column values) {
        return talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setMutateNodeProperty(MutateNodeProperty.newBuilder()
                            .setGraphName("g")
                            .setLabel(labels.get(0))
                            .addAllFurtherLabels(labels.subList(1, labels.size()))
                            .setProperty("v")
                            .setDimension(1))
                    .build());
            int rows = ids.getData().size() / Integer.BYTES;
            talk.send(last(chunk(rows, ids, values)));
            talk.take();
        };
    }

    private static final String VALUES =
            "CALL gds.graph.nodeProperty.stream('g', 'v', [$label]) YIELD propertyValue AS v"
                    + " RETURN collect(v) AS v";

    private static Object values(String label) {
        return database.executeTransactionally(
                VALUES, Map.of("label", label), result -> result.next().get("v"));
    }

    @Test
    void severalLabelsGetAPropertyAtOnce() {
        FAKE.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 2, 3), ids("value", 5, 6, 7, 8));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
        assertEquals(List.of(7L, 8L), values("Movie"));
    }

    @Test
    void aNodeWithAnotherValueUnderAnotherLabelIsRefusedAndTheProjectionStaysAsItWas() {
        run("CALL gds.graph.drop('g') YIELD graphName");
        run("MATCH (u:User) SET u:Person");
        run("CALL gds.graph.project('g', ['User', 'Person'], '*')");
        FAKE.script = mutation(List.of("User"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        FAKE.script = mutation(List.of("Person"), ids("id", 0, 1), ids("value", 7, 8));
        String text = failure("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(text.contains("under another one it has another value of the node property `v`"), text);
        assertEquals(List.of(5L, 6L), values("User"));
        String without = failure("CALL gds.graph.nodeProperty.stream('g', 'v', ['Person'])");
        assertTrue(without.contains("for label Person"), without);
        FAKE.script = mutation(List.of("Person"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("Person"));
    }

    @Test
    void aNodeThatWouldGetTwoValuesIsRefused() {
        FAKE.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 1), ids("value", 5, 6, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
        run("CALL gds.graph.drop('g') YIELD graphName");
        run("CALL gds.graph.project('g', ['User', 'Movie'], '*')");
        FAKE.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 1), ids("value", 5, 6, 7));
        String text = failure("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(text.contains("under another one it has another value of the node property `v`"), text);
    }

    @Test
    void aFailureInGdsLeavesTheOtherLabelsValues() {
        FAKE.script = mutation(List.of("User"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        FAKE.script = mutation(List.of("Nobody"), ids("id", 2), ids("value", 7));
        failure("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
    }

    @Test
    void aPropertyThatExistsIsNotMutatedAgain() {
        mutate("User", 0);
        var error = assertThrows(QueryExecutionException.class, () -> mutate("User", 0));
        assertEquals("Node property `v` already exists in the in-memory graph.", error.getMessage());
    }

    private static CallResponse write(long batchSize) {
        return CallResponse.newBuilder()
                .setWriteRelationships(WriteRelationships.newBuilder()
                        .setGraphName("g")
                        .setType("RECOMMENDED")
                        .setOwnerProperty("modelName")
                        .setCreatedProperty("createdAt")
                        .setConstants(MapValue.newBuilder()
                                .putFields(
                                        "modelName",
                                        Value.newBuilder().setString("m").build()))
                        .setSources(Chunk.newBuilder())
                        .setBatchSize(batchSize))
                .build();
    }

    private static FakeServer.Script writing(
            long batchSize, AtomicReference<Done> done, long[] sources, long[] targets) {
        return talk -> {
            talk.take();
            talk.send(write(batchSize));
            var rank = ids("rank", LongStream.rangeClosed(1, sources.length).toArray());
            talk.send(last(chunk(sources.length, ids("source", sources), ids("target", targets), rank)));
            done.set(talk.take().getDone());
            talk.send(CallResponse.newBuilder()
                    .setRows(chunk(1, ids("relationshipsWritten", done.get().getWritten())))
                    .build());
        };
    }

    private static String counts(Done done) {
        return done.getWritten() + " written, " + done.getDeleted() + " deleted, " + done.getUnchanged() + " unchanged";
    }

    private static final String STORED =
            "MATCH (u:User)-[r:RECOMMENDED]->(m:Movie) RETURN u.userId AS u, m.movieId AS m,"
                    + " r.rank AS rank, r.modelName AS name, r.createdAt IS NOT NULL AS at ORDER BY u, m";

    @Test
    void writingReplacesTheOwnersRelationshipsAndKeepsWhatIsTheSame() {
        run(
                "MATCH (u:User {userId: 2}), (m:Movie {movieId: 10}) CREATE (u)-[:RECOMMENDED {modelName: 'other', rank: 1}]->(m)");
        var done = new AtomicReference<Done>();
        for (long batchSize : new long[] {0, 1}) {
            FAKE.script = writing(batchSize, done, new long[] {0, 1}, new long[] {3, 2});
            assertEquals(
                    List.of(Map.of("relationshipsWritten", 2L)),
                    run("CALL bridge.recommend.write('g', {}) YIELD relationshipsWritten"));
            assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
            run("CALL bridge.recommend.write('g', {})");
            assertEquals("0 written, 0 deleted, 2 unchanged", counts(done.get()));
            FAKE.script = writing(batchSize, done, new long[] {0}, new long[] {2});
            run("CALL bridge.recommend.write('g', {})");
            assertEquals("1 written, 2 deleted, 0 unchanged", counts(done.get()));
            var rows = run(STORED);
            assertEquals(2, rows.size());
            assertEquals(Map.of("u", 1L, "m", 10L, "rank", 1L, "name", "m", "at", true), rows.get(0));
            assertEquals("other", rows.get(1).get("name"));
            run("MATCH ()-[r:RECOMMENDED {modelName: 'm'}]->() DELETE r");
        }
    }

    @Test
    void aNodeOfAnEarlierBatchIsLookedUpAnew() {
        var done = new AtomicReference<Done>();
        for (long batchSize : new long[] {0, 1}) {
            FAKE.script = writing(batchSize, done, new long[] {0, 2}, new long[] {2, 0});
            run("CALL bridge.recommend.write('g', {})");
            assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
            run("MATCH ()-[r:RECOMMENDED]->() DELETE r");
        }
    }

    @Test
    void anEndThatIsGoneIsLeftOut() {
        var done = new AtomicReference<Done>();
        run("MATCH (m:Movie {movieId: 10}) DETACH DELETE m");
        FAKE.script = writing(0, done, new long[] {0, 0, 1}, new long[] {2, 3, 2});
        run("CALL bridge.recommend.write('g', {})");
        assertEquals("1 written, 0 deleted, 0 unchanged", counts(done.get()));
    }

    @Test
    void aRollbackOrALateErrorUndoesTheWrite() {
        var done = new AtomicReference<Done>();
        FAKE.script = writing(0, done, new long[] {0, 1}, new long[] {3, 2});
        try (var transaction = database.beginTx()) {
            transaction.execute("CALL bridge.recommend.write('g', {})").resultAsString();
            transaction.rollback();
        }
        assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
        var writing = FAKE.script;
        FAKE.script = talk -> {
            writing.play(talk);
            throw Status.FAILED_PRECONDITION.withDescription("Too late.").asException();
        };
        assertTrue(failure("CALL bridge.recommend.write('g', {})").contains("Too late."));
        assertEquals(List.of(), run(STORED));
    }

    @Test
    void rowsBearNeo4jsIdsAndLeaveOutDeletedNodes() {
        FAKE.script = talk -> {
            talk.take();
            talk.send(describe());
            talk.take();
            var sources = ids("sourceNodeId", 0, 1).toBuilder().setNodeIds(true).build();
            var targets = ids("targetNodeId", 2, 3).toBuilder().setNodeIds(true).build();
            talk.send(CallResponse.newBuilder()
                    .setRows(chunk(2, sources, targets, ids("rank", 1, 2)))
                    .build());
        };
        String query = "CALL bridge.recommend.stream('g') YIELD sourceNodeId, targetNodeId, rank"
                + " MATCH (u) WHERE id(u) = sourceNodeId RETURN u.userId AS u, rank";
        assertEquals(List.of(Map.of("u", 1L, "rank", 1L), Map.of("u", 2L, "rank", 2L)), run(query));
        run("MATCH (m:Movie {movieId: 10}) DETACH DELETE m");
        assertEquals(List.of(Map.of("u", 2L, "rank", 2L)), run(query));
    }

    @Test
    void aFaultInARowIsSaidWithoutAJavaNameAndIsInNeo4jsLog() throws Exception {
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setRows(chunk(1, ids("sourceNodeId", 0), ids("fallback", 1)))
                    .build());
        };
        String text = failure("CALL bridge.recommend.stream('g')");
        String start = "The bridge plugin failed at `bridge.recommend.stream` in a way that nobody foresaw.";
        assertTrue(text.startsWith(start), text);
        String id = text.replaceAll(".* under (\\w+)\\.", "$1");
        try (var files = Files.walk(home)) {
            Path file =
                    files.filter(each -> each.endsWith("neo4j.log")).findFirst().orElseThrow();
            String log = Files.readString(file);
            assertTrue(log.contains("internal error " + id + " in bridge.recommend.stream"), log);
            assertTrue(log.contains("ClassCastException"), log);
        }
    }

    @Test
    void aJobIsOnGdssListWhileItRunsAndNotAfterwards() throws Exception {
        var go = new CountDownLatch(1);
        var running = new CountDownLatch(1);
        FAKE.script = talk -> {
            talk.take();
            talk.send(CallResponse.newBuilder()
                    .setJob(Job.newBuilder()
                            .setJobId("j1")
                            .setName("gnn.train")
                            .addSteps("read")
                            .addSteps("train"))
                    .build());
            talk.send(CallResponse.newBuilder()
                    .setProgress(
                            Progress.newBuilder().setStep(1).setFraction(.5).setDetail("epoch 1 of 2"))
                    .build());
            talk.send(describe());
            talk.take();
            running.countDown();
            go.await(60, TimeUnit.SECONDS);
        };
        var train = new Thread(() -> run("CALL bridge.gnn.train('g')"));
        train.start();
        assertTrue(running.await(60, TimeUnit.SECONDS));
        var progress = run("CALL gds.listProgress() YIELD jobId, taskName, progress");
        assertEquals("j1", progress.get(0).get("jobId"));
        assertEquals("Bridge :: gnn.train", progress.get(0).get("taskName"));
        assertEquals("75%", progress.get(0).get("progress"));
        go.countDown();
        train.join(10_000);
        assertEquals(List.of(), run("CALL gds.listProgress() YIELD jobId"));
    }

    @Test
    void healthHasARowEvenWhenTheServerRefuses() {
        FAKE.script = talk -> {
            throw Status.UNAUTHENTICATED.withDescription("The token is wrong.").asException();
        };
        var row = run("CALL bridge.health()").get(0);
        assertEquals("UNREACHABLE", row.get("status"));
        assertEquals("The token is wrong.", row.get("detail"));
        assertEquals("127.0.0.1:" + FAKE.port(), row.get("address"));
        assertEquals(Contract.HASH, row.get("contract"));
    }
}
