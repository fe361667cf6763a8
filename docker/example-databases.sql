-- What dags/store_sales_daily.ts needs beside files: the tills' database, filled with the sample, and one for the reports.
-- psql runs it once, when the server's volume is new. `headrace standalone` does the same with dags/_standalone.ts.
\set ON_ERROR_STOP on
create database pos;
create database reporting;
\connect pos
create schema pos;
create table pos.sales (
  household_id bigint not null,
  store_id bigint not null,
  basket_id bigint not null,
  product_id bigint not null,
  quantity bigint not null,
  sales_value numeric(10,2) not null,
  retail_disc numeric(10,2) not null,
  coupon_disc numeric(10,2) not null,
  coupon_match_disc numeric(10,2) not null,
  week integer not null,
  transaction_timestamp timestamptz not null,
  primary key (basket_id, product_id)
);
\copy pos.sales from program 'gzip -dc /examples/sales.csv.gz' with (format csv, header match)
create index on pos.sales (transaction_timestamp);
analyze pos.sales;
