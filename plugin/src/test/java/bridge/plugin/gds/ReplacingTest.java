package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.FakeServer;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Chunk;
import bridge.plugin.v1.Done;
import bridge.plugin.v1.MapValue;
import bridge.plugin.v1.Value;
import bridge.plugin.v1.WriteRelationships;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Relationships that the server writes, in place of those that it wrote before. */
class ReplacingTest extends ProjectedBoard {
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
            fake.script = writing(batchSize, done, new long[] {0, 1}, new long[] {3, 2});
            assertEquals(
                    List.of(Map.of("relationshipsWritten", 2L)),
                    run("CALL bridge.recommend.write('g', {}) YIELD relationshipsWritten"));
            assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
            run("CALL bridge.recommend.write('g', {})");
            assertEquals("0 written, 0 deleted, 2 unchanged", counts(done.get()));
            fake.script = writing(batchSize, done, new long[] {0}, new long[] {2});
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
            fake.script = writing(batchSize, done, new long[] {0, 2}, new long[] {2, 0});
            run("CALL bridge.recommend.write('g', {})");
            assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
            run("MATCH ()-[r:RECOMMENDED]->() DELETE r");
        }
    }

    @Test
    void anEndThatIsGoneIsLeftOut() {
        var done = new AtomicReference<Done>();
        run("MATCH (m:Movie {movieId: 10}) DETACH DELETE m");
        fake.script = writing(0, done, new long[] {0, 0, 1}, new long[] {2, 3, 2});
        run("CALL bridge.recommend.write('g', {})");
        assertEquals("1 written, 0 deleted, 0 unchanged", counts(done.get()));
    }

    @Test
    void aRollbackOrALateErrorUndoesTheWrite() {
        var done = new AtomicReference<Done>();
        fake.script = writing(0, done, new long[] {0, 1}, new long[] {3, 2});
        try (var transaction = database.beginTx()) {
            transaction.execute("CALL bridge.recommend.write('g', {})").resultAsString();
            transaction.rollback();
        }
        assertEquals("2 written, 0 deleted, 0 unchanged", counts(done.get()));
        var writing = fake.script;
        fake.script = talk -> {
            writing.play(talk);
            throw Status.FAILED_PRECONDITION.withDescription("Too late.").asException();
        };
        assertTrue(failure("CALL bridge.recommend.write('g', {})").contains("Too late."));
        assertEquals(List.of(), run(STORED));
    }
}
