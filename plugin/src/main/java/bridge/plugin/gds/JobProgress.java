package bridge.plugin.gds;

import bridge.plugin.core.BridgeException;
import bridge.plugin.v1.Job;
import bridge.plugin.v1.Progress;
import java.util.List;
import org.neo4j.gds.core.utils.progress.JobId;
import org.neo4j.gds.core.utils.progress.TaskRegistry;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.gds.core.utils.progress.tasks.LeafTask;
import org.neo4j.gds.core.utils.progress.tasks.Task;
import org.neo4j.gds.core.utils.progress.tasks.Tasks;
import org.neo4j.procedure.StatusDetailsAccessor;

/** Shows a call's job in gds.listProgress and SHOW TRANSACTIONS, until the call is over. */
final class JobProgress implements AutoCloseable {
    private static final long PERMILLE = 1000;

    private final TaskRegistryFactory registries;
    private final StatusDetailsAccessor statusDetails;
    private Job job;
    private List<LeafTask> steps;
    private Task task;
    private TaskRegistry registry;
    private int running;
    private long done;

    JobProgress(TaskRegistryFactory registries, StatusDetailsAccessor statusDetails) {
        this.registries = registries;
        this.statusDetails = statusDetails;
    }

    void start(Job named) {
        job = named;
        steps = named.getStepsList().stream()
                .map(step -> Tasks.leaf(step, PERMILLE))
                .toList();
        task = Tasks.task("Bridge :: " + named.getName(), List.copyOf(steps));
        var registering = registries.newInstance(JobId.parse(named.getJobId()));
        try {
            registering.registerTask(task);
        } catch (IllegalArgumentException taken) {
            throw BridgeException.argument(taken.getMessage());
        }
        registry = registering;
        task.start();
        if (!steps.isEmpty()) {
            steps.get(0).start();
        }
        statusDetails.setStatusDetails(named.getName());
    }

    void progress(Progress progress) {
        if (registry == null || progress.getStep() >= steps.size()) {
            return; // a heartbeat
        }
        while (running < progress.getStep()) {
            steps.get(running++).finish();
            steps.get(running).start();
            done = 0;
        }
        long now = Math.round(Math.min(1, progress.getFraction()) * PERMILLE);
        if (running == progress.getStep() && now > done) {
            steps.get(running).logProgress(now - done);
            done = now;
        }
        String detail = progress.getDetail();
        statusDetails.setStatusDetails(
                job.getName() + ": " + steps.get(running).description() + (detail.isEmpty() ? "" : ", " + detail));
    }

    void finish() {
        if (registry == null) {
            return;
        }
        for (; running < steps.size(); running++) {
            if (steps.get(running).hasNotStarted()) {
                steps.get(running).start();
            }
            steps.get(running).finish();
        }
        task.finish();
        close();
    }

    /** Take it off the lists; as a failure if it has not finished. May be called again. */
    @Override
    public void close() {
        if (registry == null) {
            return;
        }
        if (running < steps.size()) {
            task.fail();
        }
        registry.unregisterTask();
        registry = null;
    }
}
