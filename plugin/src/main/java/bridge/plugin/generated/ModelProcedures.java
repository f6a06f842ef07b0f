// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.model…: see docs/procedures/model.md. */
public final class ModelProcedures extends Procedures {
    @Procedure(name = "bridge.model.alias.drop", mode = Mode.READ)
    @Description("Take an alias of your own away from a hosted model; its version stays. Only the owner may.")
    public Stream<ModelAliasDropRow> aliasDrop(
            @Name(value = "modelName", description = "The model.") String modelName,
            @Name(value = "alias", description = "The alias to take away. `champion` and `previous` can only be moved.") String alias,
            @Name(value = "failIfMissing", defaultValue = "true", description = "Fail when there is no such model or alias.") Boolean failIfMissing) {
        return rows("bridge.model.alias.drop", arguments("modelName", modelName, "alias", alias, "failIfMissing", failIfMissing), ModelAliasDropRow::from);
    }

    @Procedure(name = "bridge.model.drop", mode = Mode.READ)
    @Description("Drop a model with all its versions and aliases, or one version that has no alias. Only the owner may.")
    public Stream<ModelRow> drop(
            @Name(value = "modelName", description = "The model to drop.") String modelName,
            @Name(value = "failIfMissing", defaultValue = "true", description = "Fail when there is no such model or version.") Boolean failIfMissing,
            @Name(value = "modelVersion", defaultValue = "null", description = "The version to drop, by its number; the whole model when null.") Object modelVersion) {
        return rows("bridge.model.drop", arguments("modelName", modelName, "failIfMissing", failIfMissing, "modelVersion", modelVersion), ModelRow::from);
    }

    @Procedure(name = "bridge.model.exists", mode = Mode.READ)
    @Description("Whether a model of that name is hosted for this database.")
    public Stream<ModelExistsRow> exists(
            @Name(value = "modelName", description = "The name to look for.") String modelName) {
        return rows("bridge.model.exists", arguments("modelName", modelName), ModelExistsRow::from);
    }

    @Procedure(name = "bridge.model.info", mode = Mode.READ)
    @Description("One version of a hosted model.")
    public Stream<ModelRow> info(
            @Name(value = "modelName", description = "The model.") String modelName,
            @Name(value = "modelVersion", defaultValue = "null", description = "The version, by its number or an alias; the one that answers when null.") Object modelVersion) {
        return rows("bridge.model.info", arguments("modelName", modelName, "modelVersion", modelVersion), ModelRow::from);
    }

    @Procedure(name = "bridge.model.list", mode = Mode.READ)
    @Description("The hosted models of this database, each by the version that answers.")
    public Stream<ModelRow> list(
            @Name(value = "modelName", defaultValue = "", description = "Only this model; all when empty.") String modelName) {
        return rows("bridge.model.list", arguments("modelName", modelName), ModelRow::from);
    }

    @Procedure(name = "bridge.model.promote", mode = Mode.READ)
    @Description("Put an alias on a version of a hosted model: as `champion` it answers by default. Only the owner may.")
    public Stream<ModelAliasRow> promote(
            @Name(value = "modelName", description = "The model.") String modelName,
            @Name(value = "modelVersion", description = "The version, by its number or another alias.") Object modelVersion,
            @Name(value = "alias", defaultValue = "champion", description = "The alias: `champion`, or a name of your own. The champion that was becomes `previous`.") String alias) {
        return rows("bridge.model.promote", arguments("modelName", modelName, "modelVersion", modelVersion, "alias", alias), ModelAliasRow::from);
    }

    @Procedure(name = "bridge.model.rollback", mode = Mode.READ)
    @Description("Exchange the `champion` and the `previous` version of a hosted model. Only the owner may.")
    public Stream<ModelAliasRow> rollback(
            @Name(value = "modelName", description = "The model.") String modelName) {
        return rows("bridge.model.rollback", arguments("modelName", modelName), ModelAliasRow::from);
    }

    @Procedure(name = "bridge.model.versions", mode = Mode.READ)
    @Description("The versions of a hosted model, every file of them verified.")
    public Stream<ModelVersionRow> versions(
            @Name(value = "modelName", description = "The model.") String modelName) {
        return rows("bridge.model.versions", arguments("modelName", modelName), ModelVersionRow::from);
    }

    /** A row. */
    public record ModelAliasDropRow(
            @Description("The model's name.") String modelName,
            @Description("The version that bore the alias.") Long modelVersion,
            @Description("The alias.") String alias) {
        static ModelAliasDropRow from(Row row) {
            return new ModelAliasDropRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("alias"));
        }
    }

    /** A row. */
    public record ModelRow(
            @Description("Its name.") String modelName,
            @Description("The version.") Long modelVersion,
            @Description("Its architecture; `n/a` when it cannot be read.") String modelType,
            @Description("What it is and how good: objective, metrics, baselines, gate, fingerprint, warnings, aliases; and `error`, when a version that should answer is damaged.") Map<String, Object> modelInfo,
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
            @Description("The version that answers; null when there is no such model.") Long modelVersion,
            @Description("Its architecture; `n/a` when there is none, or when it cannot be read.") String modelType,
            @Description("Whether it is there.") Boolean exists) {
        static ModelExistsRow from(Row row) {
            return new ModelExistsRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("modelType"),
                    row.bool("exists"));
        }
    }

    /** A row. */
    public record ModelAliasRow(
            @Description("The model's name.") String modelName,
            @Description("The version that bears the alias now.") Long modelVersion,
            @Description("The alias.") String alias,
            @Description("The version that bore it before; null when none did.") Long versionBefore) {
        static ModelAliasRow from(Row row) {
            return new ModelAliasRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.string("alias"),
                    row.integer("versionBefore"));
        }
    }

    /** A row. */
    public record ModelVersionRow(
            @Description("The model's name.") String modelName,
            @Description("The version's number.") Long modelVersion,
            @Description("Its aliases: `champion` answers by default.") List<String> aliases,
            @Description("When it was trained; null when it cannot be read.") ZonedDateTime creationTime,
            @Description("How good it is, by part of the split.") Map<String, Object> metrics,
            @Description("Result of the quality gate; empty when it passed none.") Map<String, Object> gate,
            @Description("The champion when it was published; null for the first version.") Long parentVersion,
            @Description("Size of its files in bytes.") Long bytes,
            @Description("It is on disk as it was written, and can answer.") Boolean stored,
            @Description("Why it cannot answer; empty when it can.") String error) {
        static ModelVersionRow from(Row row) {
            return new ModelVersionRow(
                    row.string("modelName"),
                    row.integer("modelVersion"),
                    row.list("aliases"),
                    row.datetime("creationTime"),
                    row.map("metrics"),
                    row.map("gate"),
                    row.integer("parentVersion"),
                    row.integer("bytes"),
                    row.bool("stored"),
                    row.string("error"));
        }
    }
}
