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
    @Description("Cancel a running or waiting job of the caller's; a finished one stays as it is.")
    public Stream<JobRow> cancel(
            @Name(value = "jobId", description = "The job to cancel.") String jobId) {
        return rows("bridge.job.cancel", arguments("jobId", jobId), JobRow::from);
    }

    @Procedure(name = "bridge.job.history", mode = Mode.READ)
    @Description("What a job reported while it ran, such as the loss of every epoch: the newest 10,000 reports.")
    public Stream<JobReportRow> history(
            @Name(value = "jobId", description = "The job.") String jobId) {
        return rows("bridge.job.history", arguments("jobId", jobId), JobReportRow::from);
    }

    @Procedure(name = "bridge.job.list", mode = Mode.READ)
    @Description("The caller's jobs, the 1,000 newest, the newest first, those of before a restart of the server too.")
    public Stream<JobRow> list(
            @Name(value = "jobId", defaultValue = "", description = "Only this job; all when empty. Of several that had this name, the newest.") String jobId) {
        return rows("bridge.job.list", arguments("jobId", jobId), JobRow::from);
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

    /** A row. */
    public record JobReportRow(
            @Description("The job.") String jobId,
            @Description("From 1 on, in the order in which they came.") Long number,
            @Description("When it came.") ZonedDateTime timeReported,
            @Description("The part that it was about.") String step,
            @Description("Its metrics.") Map<String, Object> figures) {
        static JobReportRow from(Row row) {
            return new JobReportRow(
                    row.string("jobId"),
                    row.integer("number"),
                    row.datetime("timeReported"),
                    row.string("step"),
                    row.map("figures"));
        }
    }
}
