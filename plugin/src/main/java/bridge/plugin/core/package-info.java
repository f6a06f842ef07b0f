/** What the plugin is made of when GDS is not there: the channel, the call, the values, the errors. */
package bridge.plugin.core;
