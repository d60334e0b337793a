// KafkaJS, told by one JSON object on its standard input what to do; its answer is one JSON value.

const { Kafka, CompressionTypes, CompressionCodecs, AssignerProtocol, PartitionAssigners, logLevel } = require("kafkajs");
const lz4 = require("lz4-napi");
const snappy = require("kafkajs-snappy");
const zstd = require("@bokuweb/zstd-wasm");

const TYPES = {
  none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD,
};

// KafkaJS brings gzip; the others are for its users to plug in.
CompressionCodecs[CompressionTypes.Snappy] = snappy;
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => lz4.compressFrameSync(encoder.buffer),
  decompress: async (bytes) => lz4.decompressFrameSync(bytes),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from(zstd.compress(encoder.buffer)),
  decompress: async (bytes) => Buffer.from(zstd.decompress(bytes)),
});

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function withAdmin(kafka, work) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const commands = {
  topics: (kafka) => withAdmin(kafka, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata();
    return Object.fromEntries(topics.map((one) => [one.name, one.partitions.length]));
  }),

  create: (kafka, { topic, partitions }) => withAdmin(kafka, (admin) =>
    admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 3 }], waitForLeaders: true })),

  delete: (kafka, { topic }) => withAdmin(kafka, (admin) => admin.deleteTopics({ topics: [topic] })),

  async write(kafka, { topic, values, codec, idempotent, transactions, abort, pause_ms }) {
    const producer = kafka.producer({
      idempotent: idempotent || Boolean(transactions), maxInFlightRequests: 1,
      ...(transactions ? { transactionalId: transactions } : {}),
    });
    await producer.connect();
    const sender = transactions ? await producer.transaction() : producer;
    const send = (some) => sender.send({ topic, acks: -1, compression: TYPES[codec], messages: some });
    if (pause_ms) {
      for (const value of values) {
        await send([{ value }]);
        await sleep(pause_ms);
      }
    } else {
      await send(values.map((value) => ({ value, partition: 0 })));
    }
    if (transactions) await (abort ? sender.abort() : sender.commit());
    await producer.disconnect();
  },

  async read(kafka, { topic, count, group, offset, committed, pause_ms, patience_ms }) {
    const alone = !group;
    const consumer = kafka.consumer({
      groupId: group || `alone-${process.pid}`, readUncommitted: !committed,
      sessionTimeout: 6000, heartbeatInterval: 300, rebalanceTimeout: 10000, maxWaitTimeInMs: 200,
      partitionAssigners: [PartitionAssigners.roundRobin],
    });
    const found = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    let enough;
    const done = new Promise((finished) => { enough = finished; });
    const timer = setTimeout(enough, patience_ms);
    await consumer.run({
      autoCommit: false, partitionsConsumedConcurrently: 1,
      eachBatchAutoResolve: false,
      eachBatch: async ({ batch, resolveOffset, heartbeat, isStale, isRunning }) => {
        for (const message of batch.messages) {
          if (isStale() || !isRunning() || found.length >= count) return;
          if (alone && (batch.partition !== 0 || BigInt(message.offset) < BigInt(offset))) continue;
          if (!alone) {
            const next = String(BigInt(message.offset) + 1n);
            await consumer.commitOffsets([{ topic, partition: batch.partition, offset: next }]);
          }
          resolveOffset(message.offset);
          found.push(message.value.toString());  // read once it is committed: what a failed commit brings again is not
          if (found.length >= count) return enough();
          if (pause_ms) await sleep(pause_ms);
          await heartbeat();
        }
      },
    });
    if (alone) consumer.seek({ topic, partition: 0, offset: String(offset) });
    await done;
    clearTimeout(timer);
    await consumer.disconnect();
    return found;
  },
};

async function main() {
  let said = "";
  for await (const piece of process.stdin) said += piece;
  const { command, addresses, ...rest } = JSON.parse(said);
  await zstd.init();
  const kafka = new Kafka({
    clientId: "kafkajs", brokers: addresses.split(","), logLevel: logLevel.ERROR,
    retry: { initialRetryTime: 100, retries: 12 },
  });
  process.stdout.write(JSON.stringify((await commands[command](kafka, rest)) ?? null));
}

main().then(() => process.exit(0), (wrong) => {
  process.stderr.write(`${wrong.stack}\n`);
  process.exit(1);
});
