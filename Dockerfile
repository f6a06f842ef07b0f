# The two images of docker-compose.yml: `neo4j` (with Browser, Graph Data Science and the bridge plugin) and `server`.
# Neither has any data in it.

FROM maven:3.9-eclipse-temurin-17 AS artifacts
WORKDIR /source
COPY runtime/pom.xml runtime/
RUN mvn --batch-mode --quiet -f runtime/pom.xml package -Ddistribution=/neo4j
COPY proto/ proto/
COPY plugin/ plugin/
RUN mvn --batch-mode --quiet -f plugin/pom.xml package -DskipTests \
 && cp plugin/target/bridge-plugin-*.jar /neo4j/plugins/

FROM eclipse-temurin:17-jre AS neo4j
RUN useradd --system --uid 7474 --home-dir /neo4j neo4j
COPY --from=artifacts /neo4j/ /neo4j/
COPY docker/neo4j.conf /neo4j/conf/
COPY --chmod=755 docker/start-neo4j /usr/local/bin/
# A named volume takes over the owner of the folder it covers.
RUN mkdir -p /neo4j/data /neo4j/logs /neo4j/import /neo4j/run && chown neo4j /neo4j /neo4j/data /neo4j/logs /neo4j/run
USER neo4j
ENV NEO4J_HOME=/neo4j NEO4J_CONF=/neo4j/conf JAVA_OPTIONS="-Xms512m -Xmx2g"
EXPOSE 7474 7687
VOLUME ["/neo4j/data"]
ENTRYPOINT ["start-neo4j"]

FROM python:3.12-slim AS server
RUN pip install --no-cache-dir uv && useradd --system --uid 7690 --create-home bridge
WORKDIR /source
COPY requirements.lock pyproject.toml README.md ./
# The lock as constraints: its versions and hashes, without the packages that only development needs.
# Compiled here: the user who runs it may not write there, and would compile at every start.
RUN uv pip install --system --no-cache --compile-bytecode --require-hashes -r pyproject.toml -c requirements.lock
COPY bridge/ bridge/
COPY cypher/ cypher/
RUN uv pip install --system --no-cache --compile-bytecode --no-deps . && mkdir /data && chown bridge /data
USER bridge
ENV BRIDGE_DATA=/data
EXPOSE 7690
VOLUME ["/data"]
ENTRYPOINT ["bridge"]
CMD ["serve"]
