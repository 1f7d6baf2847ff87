#pragma once

// The work of a pipeline without a framework, in one process. A publisher; a handler that writes one event per command, in a way that makes it safe
// to repeat; and a projector that counts rows in SQLite.

typedef struct {
    const char *url;      // nats://host:port, or for Kafka host:port
    const char *rows;     // the path of a SQLite file that does not exist yet
    int commands;
    int warm_up;          // commands before those that count: the clock starts when each of them has its row
    int aggregates;
    int partitions;       // of Kafka's topics
    int payload;          // bytes of a command's and of an event's body, at least 16
    int rate;             // commands a second; 0: as fast as it goes
} bench_floor_options;

typedef struct {
    double seconds;       // from the first publish to the last row committed
    long rows;            // what the rows count together afterwards, warm-up included
    double *latencies;    // seconds from each command's due time to its committed row, in order of commit, warm-up first; free() it
    char error[256];      // empty where all went well
} bench_floor_result;

// Three threads, each with a connection on an event loop of its own; the handler appends under a condition and a message id.
void bench_floor_run(const bench_floor_options *options, bench_floor_result *result);

// Two handlers of one group, each with two transactional producers in turn: a batch's events and its commands' offsets are one transaction.
void bench_floor_run_kafka(const bench_floor_options *options, bench_floor_result *result);
