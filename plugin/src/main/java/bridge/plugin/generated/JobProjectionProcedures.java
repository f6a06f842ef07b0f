// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Row;
import bridge.plugin.gds.ProjectionProcedures;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.job…: see docs/procedures/job.md. */
public final class JobProjectionProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.job.submit", mode = Mode.READ)
    @Description("Start a training that goes on when its client has left. Returns when all is checked and the projection read.")
    public Stream<JobRow> submit(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.job.submit", arguments("graphName", graphName, "configuration", configuration), JobRow::from);
    }

    /** A row. */
    public record JobRow(
            @Description("The model of its configuration; null when there is none.") String modelName,
            @Description("The version that it made, or asks by number; null when it has made none, asks none, or asks by an alias.") Long modelVersion,
            @Description("Its id, as in gds.listProgress.") String jobId,
            @Description("The procedure, without `bridge.`.") String jobName,
            @Description("QUEUED, RUNNING, EVALUATING, PUBLISHING or CANCELLING; at the end SUCCEEDED, REJECTED, FAILED or CANCELLED.") String status,
            @Description("The running part.") String step,
            @Description("How much of the whole is done, 0 to 1.") Double progress,
            @Description("A word on it: the epoch, the place in the queue, the error.") String detail,
            @Description("Why it ended so, as a constant for programs: TRAINER_LOST, SERVER_RESTARTED, …; empty when all went well.") String reason,
            @Description("The latest metrics of a training; `bridge.job.history` has those of every epoch.") Map<String, Object> figures,
            @Description("When it was asked for.") ZonedDateTime timeCreated,
            @Description("When it began to run.") ZonedDateTime timeStarted,
            @Description("When it ended.") ZonedDateTime timeFinished) {
        static JobRow from(Row row) {
            return new JobRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("jobId"),
                    row.string("jobName"),
                    row.string("status"),
                    row.string("step"),
                    row.number("progress"),
                    row.string("detail"),
                    row.string("reason"),
                    row.map("figures"),
                    row.datetime("timeCreated"),
                    row.datetime("timeStarted"),
                    row.datetime("timeFinished"));
        }
    }
}
