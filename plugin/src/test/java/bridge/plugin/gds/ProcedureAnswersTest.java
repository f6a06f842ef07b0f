package bridge.plugin.gds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import bridge.plugin.generated.Contract;
import bridge.plugin.v1.CallResponse;
import bridge.plugin.v1.Job;
import bridge.plugin.v1.Progress;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The generated procedures in a real Neo4j with GDS: what the caller gets, and others see meanwhile. */
class ProcedureAnswersTest extends ProjectedBoard {
    @Test
    void rowsBearNeo4jsIdsAndLeaveOutDeletedNodes() {
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
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
        fake.script = talk -> {
            throw Status.UNAUTHENTICATED.withDescription("The token is wrong.").asException();
        };
        var row = run("CALL bridge.health()").get(0);
        assertEquals("UNREACHABLE", row.get("status"));
        assertEquals("The token is wrong.", row.get("detail"));
        assertEquals("127.0.0.1:" + fake.port(), row.get("address"));
        assertEquals(Contract.HASH, row.get("contract"));
    }
}
