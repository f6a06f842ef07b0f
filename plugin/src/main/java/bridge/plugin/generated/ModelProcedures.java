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

/** CALL bridge.model…: see docs/procedures/model.md. */
public final class ModelProcedures extends Procedures {
    @Procedure(name = "bridge.model.drop", mode = Mode.READ)
    @Description("Drop a model with all its versions. Only its owner may.")
    public Stream<ModelRow> drop(
            @Name(value = "modelName", description = "The model to drop.") String modelName,
            @Name(value = "failIfMissing", defaultValue = "true", description = "Fail when there is none of that name.") Boolean failIfMissing) {
        return rows("bridge.model.drop", arguments("modelName", modelName, "failIfMissing", failIfMissing), ModelRow::from);
    }

    @Procedure(name = "bridge.model.exists", mode = Mode.READ)
    @Description("Whether a model of that name is hosted for this database.")
    public Stream<ModelExistsRow> exists(
            @Name(value = "modelName", description = "The name to look for.") String modelName) {
        return rows("bridge.model.exists", arguments("modelName", modelName), ModelExistsRow::from);
    }

    @Procedure(name = "bridge.model.list", mode = Mode.READ)
    @Description("The hosted models of this database.")
    public Stream<ModelRow> list(
            @Name(value = "modelName", defaultValue = "", description = "Only this model; all when empty.") String modelName) {
        return rows("bridge.model.list", arguments("modelName", modelName), ModelRow::from);
    }

    /** A row. */
    public record ModelRow(
            @Description("Its name.") String modelName,
            @Description("The version that answers.") Long modelVersion,
            @Description("Its architecture.") String modelType,
            @Description("What it is and how good: objective, metrics, baselines, fingerprint, warnings.") Map<String, Object> modelInfo,
            @Description("When the version was trained.") ZonedDateTime creationTime,
            @Description("The configuration that it was trained with.") Map<String, Object> trainConfig,
            @Description("Labels, relationship types and features that it reads, and the node keys.") Map<String, Object> graphSchema,
            @Description("It is in the server's memory.") Boolean loaded,
            @Description("It is on disk, and back after a restart.") Boolean stored,
            @Description("Others who can call in this database may use it: always.") Boolean published) {
        static ModelRow from(Row row) {
            return new ModelRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("modelType"),
                    row.map("modelInfo"),
                    row.datetime("creationTime"),
                    row.map("trainConfig"),
                    row.map("graphSchema"),
                    row.bool("loaded"),
                    row.bool("stored"),
                    row.bool("published"));
        }
    }

    /** A row. */
    public record ModelExistsRow(
            @Description("The name that was looked for.") String modelName,
            @Description("Its newest version; null when there is none.") Long modelVersion,
            @Description("Its architecture; `n/a` when there is none.") String modelType,
            @Description("Whether it is there.") Boolean exists) {
        static ModelExistsRow from(Row row) {
            return new ModelExistsRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("modelType"),
                    row.bool("exists"));
        }
    }
}
