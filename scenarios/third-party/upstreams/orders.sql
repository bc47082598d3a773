CREATE TABLE orders (id serial PRIMARY KEY, op varchar(80), n int);
CREATE TABLE once (op varchar(80) PRIMARY KEY, n int);
