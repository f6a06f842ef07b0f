package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.FakeServer;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Description;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MutateRelationships;
import bridge.plugin.v1.Progress;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.neo4j.graphdb.QueryExecutionException;

/** The command that adds relationships to a projection, beside GDS's own. */
class RelationshipMutationTest extends ItemBoard {
    private static CallResponse more(Chunk.Builder chunk) {
        return CallResponse.newBuilder().setChunk(chunk).build();
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
            talk.send(more(first));
            talk.send(
                    CallResponse.newBuilder().setProgress(Progress.newBuilder()).build());
            talk.send(last(second));
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
        fake.script = triangle(false, done, "w", "v");
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
        fake.script = triangle(true, done, "w");
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
        fake.script = triangle(false, done, "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        var gds = run("CALL gds.knn.mutate('g', {nodeProperties: ['x'], topK: 1, mutateRelationshipType: 'K',"
                + " mutateProperty: 's'}) YIELD relationshipsWritten");
        assertEquals(gds.get(0).get("relationshipsWritten"), done.get().getWritten()); // one a node
    }

    @Test
    void aTypeWithoutPropertiesAndWithoutRowsIsThere() {
        var done = new AtomicReference<Done>();
        fake.script = talk -> {
            talk.take();
            talk.send(mutation(false, 0));
            talk.send(last(chunk(0)));
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
        fake.script = talk -> {
            talk.take();
            talk.send(describe());
            descriptions.add(talk.take().getDescription());
        };
        var describing = fake.script;
        run("CALL bridge.encode.text.mutate('g', {})");
        Thread.sleep(2); // times are in milliseconds
        fake.script = triangle(true, new AtomicReference<>(), "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        fake.script = describing;
        run("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(descriptions.get(1).getModifiedMillis() > descriptions.get(0).getModifiedMillis());
        var like = descriptions.get(1).getRelationshipTypes(0);
        assertEquals("LIKE", like.getType());
        assertTrue(like.getUndirected());
        assertEquals(6, like.getRelationshipCount());
    }

    @Test
    void aTypeThatExistsIsRefused() {
        fake.script = triangle(false, new AtomicReference<>(), "w");
        run("CALL bridge.encode.text.mutate('g', {})");
        var error = assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        assertEquals("Relationship type `LIKE` already exists in the in-memory graph.", error.getMessage());
    }

    @Test
    void anErrorBeforeTheLastChunkLeavesTheProjectionAsItWas() {
        fake.script = talk -> {
            talk.take();
            talk.send(mutation(false, 3));
            talk.send(more(chunk(2, ids("source", 0, 1), ids("target", 1, 2))));
            throw Status.FAILED_PRECONDITION.withDescription("Changed my mind.").asException();
        };
        assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        fake.script = talk -> {
            talk.take();
            talk.send(mutation(false, 2));
            talk.send(last(chunk(2, ids("source", 0, 1), ids("target", 1, 3))));
            talk.take();
        };
        var error = assertThrows(QueryExecutionException.class, () -> run("CALL bridge.encode.text.mutate('g', {})"));
        assertTrue(error.getMessage().contains("the node 3 of a projection of 3 nodes"), error.getMessage());
        assertEquals(List.of(Map.of("relationshipCount", 2L)), run("CALL gds.graph.list('g') YIELD relationshipCount"));
    }
}
