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
    public StatusDetailsAccessor statusDetails;

    /**
     * What the generated class was injected with. Neo4j skips a class without GDS only when the class itself, not its
     * base, names a type of GDS; otherwise it would not start.
     */
    protected abstract TaskRegistryFactory tasks();

    @Override
    protected final Answers answers() {
        var projections = new Projections(security.subject().executingUser(), database.databaseName());
        var job = new JobProgress(tasks(), statusDetails);
        return new ProjectionAnswers(projections, database, transaction, job);
    }
}
