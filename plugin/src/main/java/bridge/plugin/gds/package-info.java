/** The only classes that name GDS's types. Without GDS they are not loaded, and Neo4j starts without them. */
package bridge.plugin.gds;
