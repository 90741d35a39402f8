import type { Credentials } from './credentials.js';
import { passwordHash } from './credentials.js';

/** Where the embedded server keeps its things; all inside the data directory. */
export interface EngineFiles {
  readonly store: string;
  readonly config: string;
  readonly users: string;
  readonly log: string;
}

/**
 * The server's configuration. An answered insert must outlive a power cut, so parts are fsynced, and so is what they
 * are merged into: this server drops the parts at once when they are merged. Statistics would be made with every
 * insert, for joins that nothing here does. Strings are written with their lengths between them: with eight bytes for each
 * length in a stream of its own, short ones take a quarter more room. Hardly anything reads a piece of a column alone, so no part
 * has a file that tells where these begin. Pools and caches are sized for a machine
 * that has other things to do, and no system log table may grow behind people's backs.
 */
export function engineConfig(files: EngineFiles, memoryBytes: number): string {
  return `<clickhouse>
  <logger>
    <level>warning</level>
    <log>${escape(files.log)}</log>
    <size>10M</size>
    <count>2</count>
  </logger>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <timezone>UTC</timezone>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>16777216</index_mark_cache_size>
  <primary_index_cache_size>16777216</primary_index_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <tables_loader_foreground_pool_size>2</tables_loader_foreground_pool_size>
  <tables_loader_background_pool_size>2</tables_loader_background_pool_size>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <auto_statistics_types></auto_statistics_types>
    <string_serialization_version>single_stream</string_serialization_version>
    <write_marks_for_substreams_in_compact_parts>0</write_marks_for_substreams_in_compact_parts>
  </merge_tree>
  <backups><allowed_path>/</allowed_path></backups>
  <user_directories>
    <users_xml><path>${escape(files.users)}</path></users_xml>
  </user_directories>
</clickhouse>
`;
}

/** Settings by which formats read files and, of what is sent along with a query, the schema from any address: no grant is asked. */
const NOWHERE_TO_GO = [
  'format_avro_schema_registry_url',
  'format_schema',
  'format_template_resultset',
  'format_template_row',
]
  .map((setting) => `<${setting}><const/></${setting}>`)
  .join('');

/**
 * The server's users. The process itself logs in as \`default\`, without a password, and so can anyone on this machine:
 * it may start and stop listeners, and nothing else, in little memory, and no page elsewhere may read its answers.
 * \`reader\` is for people and tools: it sees our tables only, so table functions such as file() and url() are refused, and
 * nothing of keys; its queries are bounded (the least is 1 where 0 would mean unbounded). The function file(), which takes
 * no grant, has nowhere to read from: see child.ts.
 */
export function engineUsers({ waybill, reader }: Credentials): string {
  return `<clickhouse>
  <profiles>
    <default/>
    <nobody>
      <max_memory_usage>50000000</max_memory_usage>
      <max_memory_usage_for_user>100000000</max_memory_usage_for_user>
      <max_threads>1</max_threads>
      <constraints>
        <max_memory_usage><const/></max_memory_usage>
        <max_memory_usage_for_user><const/></max_memory_usage_for_user>
        <max_threads><const/></max_threads>
        <add_http_cors_header><const/></add_http_cors_header>
        ${NOWHERE_TO_GO}
      </constraints>
    </nobody>
    <people>
      <readonly>2</readonly>
      <max_memory_usage>1000000000</max_memory_usage>
      <max_memory_usage_for_user>1000000000</max_memory_usage_for_user>
      <max_execution_time>60</max_execution_time>
      <max_threads>2</max_threads>
      <constraints>
        <max_memory_usage><min>1</min><max>1000000000</max></max_memory_usage>
        <max_memory_usage_for_user><min>1</min><max>1000000000</max></max_memory_usage_for_user>
        <max_execution_time><min>1</min><max>60</max></max_execution_time>
        <max_threads><min>1</min><max>2</max></max_threads>
        ${NOWHERE_TO_GO}
      </constraints>
    </people>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.0/8</ip><ip>::1</ip></networks>
      <profile>nobody</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
    <waybill>
      <password_sha256_hex>${passwordHash(waybill)}</password_sha256_hex>
      <networks><ip>127.0.0.0/8</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT ALL ON *.* WITH GRANT OPTION</query></grants>
    </waybill>
    <reader>
      <password_sha256_hex>${passwordHash(reader)}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>people</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SELECT ON waybill.*</query>
        <query>REVOKE SELECT ON waybill.keys</query>
        <query>REVOKE SELECT ON waybill.audit_log</query>
      </grants>
    </reader>
  </users>
</clickhouse>
`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
