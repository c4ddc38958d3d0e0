SELECT sha256, size_bytes, request_method, request_url, http_status, last_received_at
FROM raw_response_bodies
WHERE tenant = {tenant:String} AND sha256 IN {hashes:Array(String)}
