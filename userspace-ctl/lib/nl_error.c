// SPDX-License-Identifier: GPL-2.0
/*
 * Extended acks: the kernel's own words and, where it points to one, the name
 * of the offending attribute.
 */
#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl.h"
#include "text.h"

#define ATTRS_OFFSET	(MNL_NLMSG_HDRLEN + sizeof(struct genlmsghdr))

struct extack {
	const char *message;
	const uint32_t *offset;
	const uint32_t *missing;
};

static void parse_extack(struct extack *ack, const char *data, size_t len)
{
	const struct nlattr *attr;
	size_t step;

	while (len >= sizeof(*attr)) {
		attr = (const struct nlattr *)data;
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return;
		switch (mnl_attr_get_type(attr)) {
		case NLMSGERR_ATTR_MSG:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
				ack->message = mnl_attr_get_str(attr);
			break;
		case NLMSGERR_ATTR_OFFS:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				ack->offset = mnl_attr_get_payload(attr);
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				ack->missing = mnl_attr_get_payload(attr);
			break;
		}
		step = MNL_ALIGN(attr->nla_len);
		if (step >= len)
			return;
		data += step;
		len -= step;
	}
}

static const char *name_in(const struct vigil_attr_set *set, unsigned int type)
{
	return set && type <= set->max ? set->attr[type].name : NULL;
}

/* The name of the attribute of @req that starts at or holds @offset. */
static const char *name_at(const struct nlmsghdr *req, uint32_t offset)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(req);
	const struct nlattr *attr;
	uint32_t start;

	mnl_attr_for_each(attr, req, sizeof(*genl)) {
		start = (const char *)attr - (const char *)req;
		if (offset >= start && offset < start + attr->nla_len)
			return name_in(vigil_attr_set_of(genl->cmd),
				       mnl_attr_get_type(attr));
	}
	return NULL;
}

/* Where the extended ack's attributes start, and the error. */
static int find_extack(const struct nlmsghdr *reply, const char **data,
		       size_t *len, int *error)
{
	size_t size = mnl_nlmsg_get_payload_len(reply), skip = sizeof(int);
	const struct nlmsgerr *nlerr = mnl_nlmsg_get_payload(reply);

	*error = 0;
	*len = 0;
	if (reply->nlmsg_type == NLMSG_DONE && size < sizeof(int))
		return 0;
	if (reply->nlmsg_type == NLMSG_ERROR) {
		if (size < sizeof(*nlerr))
			return -EBADMSG;
		skip = sizeof(*nlerr);
		if (!(reply->nlmsg_flags & NLM_F_CAPPED) && nlerr->error)
			skip += MNL_ALIGN(nlerr->msg.nlmsg_len) -
				MNL_NLMSG_HDRLEN;
	}
	memcpy(error, nlerr, sizeof(int));
	if (reply->nlmsg_flags & NLM_F_ACK_TLVS && skip < size) {
		*data = (const char *)nlerr + skip;
		*len = size - skip;
	}
	return 0;
}

static int explain(int error, const struct extack *ack,
		   const struct nlmsghdr *req, struct vigil_err *err)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(req);
	char said[VIGIL_TEXT_CLEAN_SIZE(100)] = "";
	const char *attr = NULL;

	if (ack->offset)
		attr = name_at(req, *ack->offset);
	else if (ack->missing)
		attr = name_in(vigil_attr_set_of(genl->cmd), *ack->missing);
	if (ack->message)
		vigil_text_clean(ack->message, strlen(ack->message), said,
				 sizeof(said));
	/* the check in front of the module's own has no words */
	return vigil_fail(err, error, "%s%s%s%s%s",
			  *said ? said : strerror(error),
			  error == EPERM && !*said ?
				" (needs CAP_SYS_ADMIN and CAP_NET_ADMIN)" : "",
			  attr && ack->missing && !ack->offset ?
				" (missing: " : attr ? " (attribute " : "",
			  attr ? attr : "", attr ? ")" : "");
}

int vigil_nl_explain(const struct nlmsghdr *reply, const struct nlmsghdr *req,
		     struct vigil_err *err)
{
	struct extack ack = { 0 };
	const char *data = NULL;
	size_t len;
	int error;

	if (find_extack(reply, &data, &len, &error) || error > 0 ||
	    error < -4095)
		return vigil_fail(err, EBADMSG, "netlink: malformed error");
	if (!error)
		return 0;
	if (data)
		parse_extack(&ack, data, len);
	return explain(-error, &ack, req, err);
}
