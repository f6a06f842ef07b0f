/**
 * The procedures as Neo4j knows them. Written by {@code python -m bridge.generate} from the declarations in
 * bridge/actions; never edited.
 */
package bridge.plugin.generated;
