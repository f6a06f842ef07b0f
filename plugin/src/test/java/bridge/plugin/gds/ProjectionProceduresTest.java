package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.core.ColumnReader;
import bridge.plugin.core.Columns;
import bridge.plugin.generated.Contract;
import bridge.plugin.v1.CallRequest;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.CheckLinks;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.Describe;
import bridge.plugin.v1.Description;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.ReadNodeProperties;
import bridge.plugin.v1.ReadProjection;
import bridge.plugin.v1.TableColumns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The generated procedures in a real Neo4j with GDS: what the server is told, and what it reads. */
class ProjectionProceduresTest extends ProjectedBoard {
    @Test
    void theStartSaysWhoCallsWhatWithWhichContract() {
        var start = new AtomicReference<CallRequest>();
        fake.script = talk -> start.set(talk.take());
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
}
