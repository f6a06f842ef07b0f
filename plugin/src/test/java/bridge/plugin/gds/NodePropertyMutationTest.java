package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.FakeServer;
import bridge.plugin.core.Columns;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.MutateNodeProperty;
import bridge.plugin.v1.Progress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.neo4j.graphdb.QueryExecutionException;

/** Properties that the server adds to a projection. */
class NodePropertyMutationTest extends ProjectedBoard {
    private void mutate(String label, long firstNode) {
        fake.script = talk -> {
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
        fake.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 2, 3), ids("value", 5, 6, 7, 8));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
        assertEquals(List.of(7L, 8L), values("Movie"));
    }

    @Test
    void aNodeWithAnotherValueUnderAnotherLabelIsRefusedAndTheProjectionStaysAsItWas() {
        run("CALL gds.graph.drop('g') YIELD graphName");
        run("MATCH (u:User) SET u:Person");
        run("CALL gds.graph.project('g', ['User', 'Person'], '*')");
        fake.script = mutation(List.of("User"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        fake.script = mutation(List.of("Person"), ids("id", 0, 1), ids("value", 7, 8));
        String text = failure("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(text.contains("under another one it has another value of the node property `v`"), text);
        assertEquals(List.of(5L, 6L), values("User"));
        String without = failure("CALL gds.graph.nodeProperty.stream('g', 'v', ['Person'])");
        assertTrue(without.contains("for label Person"), without);
        fake.script = mutation(List.of("Person"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("Person"));
    }

    @Test
    void aNodeThatWouldGetTwoValuesIsRefused() {
        fake.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 1), ids("value", 5, 6, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
        run("CALL gds.graph.drop('g') YIELD graphName");
        run("CALL gds.graph.project('g', ['User', 'Movie'], '*')");
        fake.script = mutation(List.of("User", "Movie"), ids("id", 0, 1, 1), ids("value", 5, 6, 7));
        String text = failure("CALL bridge.encode.text.mutate('g', {})");
        assertTrue(text.contains("under another one it has another value of the node property `v`"), text);
    }

    @Test
    void aFailureInGdsLeavesTheOtherLabelsValues() {
        fake.script = mutation(List.of("User"), ids("id", 0, 1), ids("value", 5, 6));
        run("CALL bridge.encode.text.mutate('g', {})");
        fake.script = mutation(List.of("Nobody"), ids("id", 2), ids("value", 7));
        failure("CALL bridge.encode.text.mutate('g', {})");
        assertEquals(List.of(5L, 6L), values("User"));
    }

    @Test
    void aPropertyThatExistsIsNotMutatedAgain() {
        mutate("User", 0);
        var error = assertThrows(QueryExecutionException.class, () -> mutate("User", 0));
        assertEquals("Node property `v` already exists in the in-memory graph.", error.getMessage());
    }
}
