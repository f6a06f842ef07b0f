// Train two models in the bridge server. Each is measured on ratings that it never saw, beside simple baselines.
// Running this again makes the next version of each model.

// How many stars would this user give?
CALL bridge.gnn.train('movies', {
  modelName: 'ratings',
  objective: 'rating',
  sourceNodeLabel: 'User',
  targetRelationshipType: 'RATED',
  targetNodeLabel: 'Movie',
  targetProperty: 'rating',
  timeProperty: 'timestamp',
  featureProperties: {Movie: ['fastrp', 'titleEmbedding', 'genres']},
  randomSeed: 42
}) YIELD modelInfo, trainMillis
RETURN modelInfo.modelVersion AS version, modelInfo.metrics.test.rmse AS testRmse,
  modelInfo.baselines.bias.rmse AS biasRmse, modelInfo.baselines.mean.rmse AS meanRmse, trainMillis;

// Which movies belong at the top of this user's list? Good predicted stars do not answer that.
CALL bridge.gnn.train('movies', {
  modelName: 'recommender',
  objective: 'ranking',
  sourceNodeLabel: 'User',
  targetRelationshipType: 'RATED',
  targetNodeLabel: 'Movie',
  targetProperty: 'rating',
  randomSeed: 42
}) YIELD modelInfo, trainMillis
RETURN modelInfo.modelVersion AS version, modelInfo.metrics.test.ndcgAt10 AS testNdcgAt10,
  modelInfo.baselines.ease.ndcgAt10 AS easeNdcgAt10, modelInfo.baselines.popularity.ndcgAt10 AS popularityNdcgAt10,
  trainMillis;
