// Load MovieLens latest-small and the people of its movies: 610 users, 9,742 movies, 100,836 ratings.
// Safe to repeat: a second run changes nothing.

CREATE CONSTRAINT user_id IF NOT EXISTS FOR (user:User) REQUIRE user.userId IS UNIQUE;
CREATE CONSTRAINT movie_id IF NOT EXISTS FOR (movie:Movie) REQUIRE movie.movieId IS UNIQUE;
CREATE CONSTRAINT genre_name IF NOT EXISTS FOR (genre:Genre) REQUIRE genre.name IS UNIQUE;
CREATE CONSTRAINT person_name IF NOT EXISTS FOR (person:Person) REQUIRE person.name IS UNIQUE;

LOAD CSV WITH HEADERS FROM 'file:///movies.csv' AS row
MERGE (movie:Movie {movieId: toInteger(row.movieId)})
SET movie.title = row.title, movie.year = toInteger(row.year);

LOAD CSV WITH HEADERS FROM 'file:///movies.csv' AS row
MATCH (movie:Movie {movieId: toInteger(row.movieId)})
UNWIND split(row.genres, '|') AS name
MERGE (genre:Genre {name: name})
MERGE (movie)-[:IN_GENRE]->(genre);

LOAD CSV WITH HEADERS FROM 'file:///people.csv' AS row
WITH row WHERE row.role = 'actor'
MATCH (movie:Movie {movieId: toInteger(row.movieId)})
MERGE (person:Person {name: row.name})
MERGE (person)-[:ACTED_IN]->(movie);

LOAD CSV WITH HEADERS FROM 'file:///people.csv' AS row
WITH row WHERE row.role = 'director'
MATCH (movie:Movie {movieId: toInteger(row.movieId)})
MERGE (person:Person {name: row.name})
MERGE (person)-[:DIRECTED]->(movie);

LOAD CSV WITH HEADERS FROM 'file:///ratings.csv' AS row
MERGE (user:User {userId: toInteger(row.userId)})
WITH row, user
MATCH (movie:Movie {movieId: toInteger(row.movieId)})
MERGE (user)-[rated:RATED]->(movie)
SET rated.rating = toFloat(row.rating), rated.timestamp = toInteger(row.timestamp);

MATCH (node)
RETURN labels(node)[0] AS label, count(*) AS nodes
ORDER BY label;

MATCH ()-[relationship]->()
RETURN type(relationship) AS type, count(*) AS relationships
ORDER BY type;
