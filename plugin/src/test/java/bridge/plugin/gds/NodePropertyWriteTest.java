package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import bridge.plugin.FakeServer;
import bridge.plugin.core.Columns;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Column;
import bridge.plugin.v1.WriteNodeProperty;
import io.grpc.Status;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.neo4j.graphdb.Node;
import org.neo4j.graphdb.QueryExecutionException;

/** The command that writes a property of nodes to the store, beside GDS's own. */
class NodePropertyWriteTest extends ItemBoard {
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
            talk.send(last(chunk(3, ids("id", 0, 1, 2), values)));
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
        fake.script = property(0, true, vectors, () -> {});
        assertEquals(List.of(Map.of("written", 3L)), run(WRITE));
        run("CALL gds.fastRP.write('g', {embeddingDimension: 2, writeProperty: 'fastrp'})");
        assertEquals(stored("fastrp").get(0).getClass(), stored("p").get(0).getClass());
        assertArrayEquals(new float[] {5, 6}, (float[]) stored("p").get(2));
    }

    @Test
    void aVectorOfOneElementIsStoredAsOneAndAScalarAsANumber() {
        fake.script = property(0, true, Columns.vectors("value", new float[] {1, 2, 3}, 1, 3, null), () -> {});
        run(WRITE);
        assertArrayEquals(new float[] {2}, (float[]) stored("p").get(1));
        fake.script = property(0, false, floats("value", .5, 1.5, 2.5), () -> {});
        run(WRITE);
        assertEquals(List.of(.5, 1.5, 2.5), stored("p"));
        fake.script = property(0, false, ids("value", 4, 5, 6), () -> {});
        run(WRITE);
        assertEquals(List.of(4L, 5L, 6L), stored("p"));
    }

    @Test
    void nodesThatAreGoneAndRowsWithoutValueAreLeftOut() {
        run("MATCH (n:Item {x: 1.0}) DETACH DELETE n");
        var values = Columns.floats("value", new double[] {1, 2, 3}, 3, new byte[] {1, 1, 0});
        for (long batchSize : new long[] {0, 1}) {
            fake.script = property(batchSize, false, values, () -> {});
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
        fake.script = property(0, false, floats("value", 1, 2, 3), fail);
        assertThrows(QueryExecutionException.class, () -> run(WRITE));
        assertEquals(Arrays.asList(null, null, null), stored("p"));
        fake.script = property(2, false, floats("value", 1, 2, 3), fail);
        assertThrows(QueryExecutionException.class, () -> run(WRITE));
        assertEquals(List.of(1.0, 2.0, 3.0), stored("p"));
    }
}
