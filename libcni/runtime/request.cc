#include "libcni/runtime/request.h"

#include "libcni/runtime/capabilities.h"

namespace podwire::runtime {
namespace {

constexpr std::string_view kRuntimePrefix = "cni.dev/";

Json encode_attachments(std::span<const spec::Attachment> attachments) {
  Json array = Json::array();
  for (const spec::Attachment& attachment : attachments) {
    Json object = Json::object();
    object.set("containerID", attachment.container_id);
    object.set("ifname", attachment.ifname);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace

Result<Json> status_request(const spec::NetworkList& list, const spec::PluginConf& plugin) {
  Json request = Json::object();
  request.set("cniVersion", list.cni_version);
  request.set("name", list.name);
  for (const auto& [key, value] : TRY(plugin.document.view().members())) {
    const bool ours = key == "cniVersion" || key == "name" || key == "capabilities";
    if (!ours && !key.starts_with(kRuntimePrefix)) request.set(key, value.copy());
  }
  return request;
}

Result<Json> attachment_request(const spec::NetworkList& list, const spec::PluginConf& plugin,
                                const RuntimeConf& conf, const std::optional<VersionedResult>& previous) {
  Json request = TRY(status_request(list, plugin));
  Json config = TRY(runtime_config(plugin, conf.capability_args));
  if (!config.empty()) request.set("runtimeConfig", std::move(config));
  if (previous) request.set("prevResult", TRY(encode_versioned(*previous)));
  return request;
}

Result<Json> gc_request(const spec::NetworkList& list, const spec::PluginConf& plugin,
                        std::span<const spec::Attachment> valid) {
  Json request = TRY(status_request(list, plugin));
  request.set("cni.dev/valid-attachments", encode_attachments(valid));
  request.set("cni.dev/attachments", encode_attachments(valid));
  return request;
}

}  // namespace podwire::runtime
