// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.job…: see docs/procedures/job.md. */
public final class JobProcedures extends Procedures {
    @Procedure(name = "bridge.job.cancel", mode = Mode.READ)
    @Description("Cancel a running or waiting job of the caller's.")
    public Stream<JobRow> cancel(
            @Name(value = "jobId", description = "The job to cancel.") String jobId) {
        return rows("bridge.job.cancel", arguments("jobId", jobId), JobRow::from);
    }

    @Procedure(name = "bridge.job.list", mode = Mode.READ)
    @Description("The caller's jobs, the newest first.")
    public Stream<JobRow> list(
            @Name(value = "jobId", defaultValue = "", description = "Only this job; all when empty.") String jobId) {
        return rows("bridge.job.list", arguments("jobId", jobId), JobRow::from);
    }

    /** A row. */
    public record JobRow(
            @Description("The model of its configuration; null when there is none.") String modelName,
            @Description("The version that it asks by number; null when it asks none, or by an alias.") Long modelVersion,
            @Description("Its id, as in gds.listProgress.") String jobId,
            @Description("The procedure, without `bridge.`.") String jobName,
            @Description("QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLING or CANCELLED.") String status,
            @Description("The running part.") String step,
            @Description("How much of the whole is done, 0 to 1.") Double progress,
            @Description("A word on it: the epoch, the place in the queue, the error.") String detail,
            @Description("The latest metrics of a training.") Map<String, Object> figures,
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
                    row.map("figures"),
                    row.datetime("timeCreated"),
                    row.datetime("timeStarted"),
                    row.datetime("timeFinished"));
        }
    }
}
