// Embed the movie graph by node2vec: biased random walks, then skip-gram with negative sampling.
// A tenth of the relationships is held out first, to see how well an embedding made without them finds them again,
// beside what the graph tells without any learning. Running this again makes the next version of the model.

CALL bridge.node2vec.train('tastes', {
  modelName: 'movies2vec',
  nodeLabels: ['Movie'],
  relationshipTypes: ['LIKED_TOGETHER'],
  relationshipWeightProperty: 'weight',
  embeddingDimension: 50,
  iterations: 5,
  randomSeed: 42
}) YIELD modelInfo, trainMillis
WITH modelInfo, trainMillis, {node2vec: modelInfo.metrics.test, commonNeighbors: modelInfo.baselines.commonNeighbors,
  adamicAdar: modelInfo.baselines.adamicAdar, degreeProduct: modelInfo.baselines.degreeProduct} AS measured
UNWIND keys(measured) AS method
RETURN method, round(measured[method].auc, 3) AS auc, round(measured[method].mrr, 3) AS mrr,
  round(measured[method].hitsAt10, 3) AS hitsAt10, trainMillis
ORDER BY mrr DESC;
