package bridge.plugin.gds;

import bridge.plugin.core.Answers;
import bridge.plugin.core.Procedures;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.graphdb.Transaction;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.StatusDetailsAccessor;

/** Base of the generated procedures that work on a projection. */
public abstract class ProjectionProcedures extends Procedures {
    @Context
    public Transaction transaction;

    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Context
    public StatusDetailsAccessor statusDetails;

    @Override
    protected final Answers answers() {
        var projections = new Projections(security.subject().executingUser(), database.databaseName());
        var job = new JobProgress(taskRegistryFactory, statusDetails);
        return new ProjectionAnswers(projections, database, transaction, job);
    }
}
