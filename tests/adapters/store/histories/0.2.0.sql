PRAGMA application_id = 1330791240;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE changes (
    number INTEGER NOT NULL,
    sequence BIGINT NOT NULL,
    time BIGINT NOT NULL,
    kind TEXT NOT NULL,
    job_id BIGINT,
    slot_id BIGINT,
    who TEXT NOT NULL,
    cause TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (number)
);
INSERT INTO "changes" VALUES(1,1,1795507201000007,'accepted',1,2,'api','','{"name":"run_","client_ref":2,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507200000000,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(2,2,1795507202000014,'status',1,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507201000007}');
INSERT INTO "changes" VALUES(3,3,1795507203000021,'status',1,2,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507202000014,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(4,4,1795507204000028,'accepted',2,1,'api','','{"name":"run_🖴","client_ref":2,"slot_id":1,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507203000021,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(5,5,1795507205000035,'status',2,1,'slot','','{"status":4,"progress":100,"ended":1795507204000028,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(6,6,1795507206000042,'accepted',3,3,'api','','{"name":"run_🖴","client_ref":2,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507205000035,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(7,7,1795507207000049,'status',3,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507206000042}');
INSERT INTO "changes" VALUES(8,8,1795507208000056,'status',3,3,'slot','','{"status":4,"progress":100,"message":"","ended":1795507207000049,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(9,9,1795507209000063,'accepted',4,1,'api','','{"name":"Run_x","client_ref":1,"slot_id":1,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507208000056,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(10,10,1795507210000070,'status',4,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507209000063}');
INSERT INTO "changes" VALUES(11,11,1795507211000077,'status',4,1,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507210000070,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(12,12,1795507212000084,'accepted',5,3,'api','','{"name":"run_ä","client_ref":1,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507211000077,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(13,13,1795507213000091,'status',5,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507212000084}');
INSERT INTO "changes" VALUES(14,14,1795507214000098,'status',5,3,'slot','','{"status":4,"progress":100,"message":"","ended":1795507213000091,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(15,15,1795507215000105,'accepted',6,3,'api','','{"name":"Run_x","client_ref":1,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507214000098,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(16,16,1795507216000112,'status',6,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507215000105}');
INSERT INTO "changes" VALUES(17,17,1795507217000119,'status',6,3,'slot','','{"status":4,"progress":100,"message":"","ended":1795507216000112,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(18,18,1795507218000126,'accepted',7,3,'api','','{"name":"read_scan","client_ref":1,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507217000119,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(19,19,1795507219000133,'status',7,3,'slot','','{"status":5,"ended":1795507218000126,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(20,20,1795507220000140,'accepted',8,1,'api','','{"name":"run%","client_ref":-5,"slot_id":1,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507219000133,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(21,21,1795507221000147,'status',8,1,'slot','','{"status":5,"ended":1795507220000140,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(22,22,1795507222000154,'accepted',9,2,'api','','{"name":"Run_x","client_ref":1,"slot_id":2,"accepted":1795507221000147,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(23,23,1795507223000161,'status',9,2,'slot','','{"status":4,"progress":100,"ended":1795507222000154,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(24,24,1795507224000168,'accepted',10,1,'api','','{"name":"run_","client_ref":1,"slot_id":1,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507223000161,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(25,25,1795507225000175,'status',10,1,'slot','','{"status":5,"ended":1795507224000168,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(26,26,1795507226000182,'accepted',11,3,'api','','{"name":"run%","client_ref":2,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507225000175,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(27,27,1795507227000189,'status',11,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507226000182}');
INSERT INTO "changes" VALUES(28,28,1795507228000196,'status',11,3,'slot','','{"status":5,"message":"","ended":1795507227000189,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(29,29,1795507229000203,'accepted',12,2,'api','','{"name":"run_🖴","client_ref":1,"slot_id":2,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507228000196,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(30,30,1795507230000210,'status',12,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507229000203}');
INSERT INTO "changes" VALUES(31,31,1795507231000217,'status',12,2,'slot','','{"status":4,"progress":100,"message":"","ended":1795507230000210,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(32,32,1795507232000224,'accepted',13,3,'api','','{"name":"run_ä","client_ref":-5,"slot_id":3,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507231000217,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(33,33,1795507233000231,'status',13,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507232000224}');
INSERT INTO "changes" VALUES(34,34,1795507234000238,'status',13,3,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507233000231,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(35,35,1795507235000245,'accepted',14,1,'api','','{"name":"run_smart_test","client_ref":-5,"slot_id":1,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507234000238,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(36,36,1795507236000252,'status',14,1,'slot','','{"status":5,"ended":1795507235000245,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(37,37,1795507237000259,'accepted',15,2,'api','','{"name":"run_ä","client_ref":1,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507236000252,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(38,38,1795507238000266,'status',15,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507237000259}');
INSERT INTO "changes" VALUES(39,39,1795507239000273,'status',15,2,'slot','','{"status":4,"progress":100,"message":"","started":1795507200000000,"ended":1795507238000266,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(40,40,1795507240000280,'accepted',16,1,'api','','{"name":"run%","client_ref":1,"slot_id":1,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507239000273,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(41,41,1795507241000287,'status',16,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507240000280}');
INSERT INTO "changes" VALUES(42,42,1795507242000294,'status',16,1,'slot','','{"status":4,"progress":100,"message":"","ended":1795507241000287,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(43,43,1795507243000301,'accepted',17,2,'api','','{"name":"run_","client_ref":2,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507242000294,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(44,44,1795507244000308,'status',17,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507243000301}');
INSERT INTO "changes" VALUES(45,45,1795507245000315,'status',17,2,'slot','','{"status":5,"message":"","ended":1795507244000308,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(46,46,1795507246000322,'accepted',18,2,'api','','{"name":"run_smart_test","client_ref":2,"slot_id":2,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507245000315,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(47,47,1795507247000329,'status',18,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507246000322}');
INSERT INTO "changes" VALUES(48,48,1795507248000336,'status',18,2,'slot','','{"status":5,"message":"","ended":1795507247000329,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(49,49,1795507249000343,'accepted',19,1,'api','','{"name":"run_","client_ref":-5,"slot_id":1,"accepted":1795507248000336,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(50,50,1795507250000350,'status',19,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507249000343}');
INSERT INTO "changes" VALUES(51,51,1795507251000357,'status',19,1,'slot','','{"status":5,"message":"","ended":1795507250000350,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(52,52,1795507252000364,'accepted',20,3,'api','','{"name":"run_🖴","client_ref":-5,"slot_id":3,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507251000357,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(53,53,1795507253000371,'status',20,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507252000364}');
INSERT INTO "changes" VALUES(54,54,1795507254000378,'status',20,3,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507253000371,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(55,55,1795507255000385,'accepted',21,1,'api','','{"name":"Run_x","client_ref":-5,"slot_id":1,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507254000378,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(56,56,1795507256000392,'status',21,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507255000385}');
INSERT INTO "changes" VALUES(57,57,1795507257000399,'status',21,1,'slot','','{"status":4,"progress":100,"message":"","ended":1795507256000392,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(58,58,1795507258000406,'accepted',22,2,'api','','{"name":"read_scan","client_ref":1,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507257000399,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(59,59,1795507259000413,'status',22,2,'slot','','{"status":5,"ended":1795507258000406,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(60,60,1795507260000420,'accepted',23,2,'api','','{"name":"run_ä","client_ref":1,"slot_id":2,"accepted":1795507259000413,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(61,61,1795507261000427,'accepted',24,3,'api','','{"name":"read_scan","client_ref":2,"slot_id":3,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507260000420,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(62,62,1795507262000434,'status',24,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507261000427}');
INSERT INTO "changes" VALUES(63,63,1795507263000441,'status',24,3,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507262000434,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(64,64,1795507264000448,'accepted',25,1,'api','','{"name":"run_smart_test","client_ref":2,"slot_id":1,"accepted":1795507263000441,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(65,65,1795507265000455,'status',25,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507264000448}');
INSERT INTO "changes" VALUES(66,66,1795507266000462,'status',25,1,'slot','','{"status":4,"progress":100,"message":"","started":1795507200000000,"ended":1795507265000455,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(67,67,1795507267000469,'accepted',26,2,'api','','{"name":"Run_x","client_ref":-5,"slot_id":2,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507266000462,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(68,68,1795507268000476,'status',26,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507267000469}');
INSERT INTO "changes" VALUES(69,69,1795507269000483,'status',26,2,'slot','','{"status":5,"message":"","ended":1795507268000476,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(70,70,1795507270000490,'accepted',27,3,'api','','{"name":"run`","client_ref":1,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507269000483,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(71,71,1795507271000497,'status',27,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507270000490}');
INSERT INTO "changes" VALUES(72,72,1795507272000504,'status',27,3,'slot','','{"status":4,"progress":100,"message":"","ended":1795507271000497,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(73,73,1795507273000511,'accepted',28,3,'api','','{"name":"run_ä","client_ref":-5,"slot_id":3,"accepted":1795507272000504,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(74,74,1795507274000518,'status',28,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507273000511}');
INSERT INTO "changes" VALUES(75,75,1795507275000525,'status',28,3,'slot','','{"status":5,"message":"","ended":1795507274000518,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(76,76,1795507276000532,'accepted',29,3,'api','','{"name":"read_scan","client_ref":2,"slot_id":3,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507275000525,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(77,77,1795507277000539,'status',29,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507276000532}');
INSERT INTO "changes" VALUES(78,78,1795507278000546,'status',29,3,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507277000539,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(79,79,1795507279000553,'accepted',30,1,'api','','{"name":"run_🖴","client_ref":2,"slot_id":1,"accepted":1795507278000546,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(80,80,1795507280000560,'status',30,1,'slot','','{"status":5,"ended":1795507279000553,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(81,81,1795507281000567,'accepted',31,3,'api','','{"name":"run_ä","client_ref":-5,"slot_id":3,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507280000560,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(82,82,1795507282000574,'status',31,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507281000567}');
INSERT INTO "changes" VALUES(83,83,1795507283000581,'status',31,3,'slot','','{"status":5,"message":"","started":1795507200000000,"ended":1795507282000574,"error":{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(84,84,1795507284000588,'accepted',32,2,'api','','{"name":"run`","client_ref":1,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507283000581,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(85,85,1795507285000595,'status',32,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507284000588}');
INSERT INTO "changes" VALUES(86,86,1795507286000602,'status',32,2,'slot','','{"status":5,"message":"","ended":1795507285000595,"error":{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(87,87,1795507287000609,'accepted',33,2,'api','','{"name":"run_ä","client_ref":1,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507286000602,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(88,88,1795507288000616,'status',33,2,'slot','','{"status":4,"progress":100,"ended":1795507287000609,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(89,89,1795507289000623,'accepted',34,2,'api','','{"name":"run_","client_ref":1,"slot_id":2,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507288000616,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(90,90,1795507290000630,'status',34,2,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507289000623}');
INSERT INTO "changes" VALUES(91,91,1795507291000637,'status',34,2,'slot','','{"status":4,"progress":100,"message":"","started":1795507200000000,"ended":1795507290000630,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(92,92,1795507292000644,'accepted',35,2,'api','','{"name":"run_","client_ref":-5,"slot_id":2,"accepted":1795507291000637,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(93,93,1795507293000651,'status',35,2,'slot','','{"status":4,"progress":100,"ended":1795507292000644,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(94,94,1795507294000658,'accepted',36,1,'api','','{"name":"read_scan","client_ref":2,"slot_id":1,"accepted":1795507293000651,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(95,95,1795507295000665,'status',36,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507294000658}');
INSERT INTO "changes" VALUES(96,96,1795507296000672,'status',36,1,'slot','','{"status":4,"progress":100,"message":"","ended":1795507295000665,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(97,97,1795507297000679,'accepted',37,1,'api','','{"name":"run_ä","client_ref":1,"slot_id":1,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507296000672,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(98,98,1795507298000686,'status',37,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507297000679}');
INSERT INTO "changes" VALUES(99,99,1795507299000693,'status',37,1,'slot','','{"status":5,"message":"","ended":1795507298000686,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(100,100,1795507300000700,'accepted',38,3,'api','','{"name":"run_","client_ref":1,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507299000693,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(101,101,1795507301000707,'status',38,3,'slot','','{"status":4,"progress":100,"ended":1795507300000700,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(102,102,1795507302000714,'accepted',39,1,'api','','{"name":"run_ä","client_ref":2,"slot_id":1,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model B","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507301000707,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(103,103,1795507303000721,'status',39,1,'slot','','{"status":5,"ended":1795507302000714,"error":{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}}');
INSERT INTO "changes" VALUES(104,104,1795507304000728,'accepted',40,3,'api','','{"name":"run_🖴","client_ref":2,"slot_id":3,"drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507303000721,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(105,105,1795507305000735,'status',40,3,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507304000728}');
INSERT INTO "changes" VALUES(106,106,1795507306000742,'status',40,3,'slot','','{"status":4,"progress":100,"message":"","ended":1795507305000735,"verdict":{"status":"pass","reasons":[]},"answer":"true"}');
INSERT INTO "changes" VALUES(107,0,1795507307000749,'course',NULL,1,'directory','','{"number":1,"plan":{"name":"burn-in","steps":[{"operation":"run_smart_test","options":[["kind","short"]]}],"on_fail":[],"fits":{"protocols":[],"model":"*","least_bytes":0,"most_bytes":null},"on_start":"leave","debounce_s":0.0,"when":"always","not_tested_within_s":null},"due":1.5,"jobs":[41],"why_failed":"","failed_after":0,"why_over":""}');
INSERT INTO "changes" VALUES(108,107,1795507308000756,'slot',NULL,1,'slot','','{"label":"A1","state":"ready","drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(109,108,1795507309000763,'slot',NULL,1,'slot','','{"label":"A1","state":"empty","drive":null,"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(110,109,1795507310000770,'slot',NULL,2,'slot','','{"label":"A2","state":"ready","drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(111,110,1795507311000777,'slot',NULL,2,'slot','','{"label":"A2","state":"empty","drive":null,"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(112,111,1795507312000784,'slot',NULL,2,'slot','','{"label":"A2","state":"ready","drive":{"serial":"SN2","wwn":"5000c50000000002","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(113,112,1795507313000791,'slot',NULL,2,'slot','','{"label":"A2","state":"empty","drive":null,"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(114,113,1795507314000798,'slot',NULL,3,'slot','','{"label":"A3","state":"ready","drive":{"serial":"SN3","wwn":"5000c50000000003","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(115,114,1795507315000805,'slot',NULL,3,'slot','','{"label":"A3","state":"empty","drive":null,"job":null,"reason":"","plan":""}');
INSERT INTO "changes" VALUES(116,115,1795507316000812,'accepted',41,1,'api','','{"name":"run_smart_test","client_ref":7,"slot_id":1,"drive":{"serial":"SN1","wwn":"5000c50000000001","model":"Model A","capacity_bytes":4000787030016,"protocol":"ata"},"accepted":1795507315000805,"options":"{\"kind\":\"short\"}"}');
INSERT INTO "changes" VALUES(117,116,1795507317000819,'status',41,1,'slot','','{"status":2,"progress":0,"message":"reads","started":1795507316000812}');
INSERT INTO "changes" VALUES(118,0,1795507318000826,'memo',41,1,'worker','','{"memo":"{\"lba\":4096}"}');
CREATE TABLE courses (
    slot_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (slot_id)
);
INSERT INTO "courses" VALUES(1,'{"number":1,"plan":{"name":"burn-in","steps":[{"operation":"run_smart_test","options":[["kind","short"]]}],"on_fail":[],"fits":{"protocols":[],"model":"*","least_bytes":0,"most_bytes":null},"on_start":"leave","debounce_s":0.0,"when":"always","not_tested_within_s":null},"due":1.5,"jobs":[41],"why_failed":"","failed_after":0,"why_over":""}');
CREATE TABLE drives (
    id INTEGER NOT NULL,
    serial TEXT NOT NULL,
    wwn TEXT NOT NULL,
    model TEXT NOT NULL,
    capacity_bytes BIGINT NOT NULL,
    protocol TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT drives_identity UNIQUE (serial, wwn, model, capacity_bytes, protocol)
);
INSERT INTO "drives" VALUES(1,'SN1','5000c50000000001','Model A',4000787030016,'ata');
INSERT INTO "drives" VALUES(2,'SN2','5000c50000000002','Model B',4000787030016,'ata');
INSERT INTO "drives" VALUES(3,'SN2','5000c50000000002','Model A',4000787030016,'ata');
INSERT INTO "drives" VALUES(4,'SN3','5000c50000000003','Model A',4000787030016,'ata');
CREATE TABLE jobs (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    client_ref BIGINT NOT NULL,
    slot_id BIGINT NOT NULL,
    status INTEGER NOT NULL,
    has_ended INTEGER NOT NULL,
    progress INTEGER NOT NULL,
    parent_id BIGINT,
    drive_id BIGINT,
    opened_by TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    accepted BIGINT,
    started BIGINT,
    ended BIGINT,
    eta BIGINT,
    attempt INTEGER NOT NULL,
    verdict TEXT,
    error TEXT,
    options TEXT NOT NULL,
    answer TEXT NOT NULL,
    memo TEXT NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES(1,'run_',2,2,5,1,0,NULL,3,'api','','',1795507200000000,1795507200000000,1795507202000014,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(2,'run_🖴',2,1,4,1,100,NULL,1,'api','','',1795507203000021,NULL,1795507204000028,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(3,'run_🖴',2,3,4,1,100,NULL,2,'api','','',1795507205000035,1795507206000042,1795507207000049,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(4,'Run_x',1,1,5,1,0,NULL,1,'api','','',1795507208000056,1795507200000000,1795507210000070,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(5,'run_ä',1,3,4,1,100,NULL,2,'api','','',1795507211000077,1795507212000084,1795507213000091,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(6,'Run_x',1,3,4,1,100,NULL,3,'api','','',1795507214000098,1795507215000105,1795507216000112,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(7,'read_scan',1,3,5,1,-1,NULL,2,'api','','',1795507217000119,NULL,1795507218000126,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(8,'run%',-5,1,5,1,-1,NULL,3,'api','','',1795507219000133,NULL,1795507220000140,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(9,'Run_x',1,2,4,1,100,NULL,NULL,'api','','',1795507221000147,NULL,1795507222000154,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(10,'run_',1,1,5,1,-1,NULL,3,'api','','',1795507223000161,NULL,1795507224000168,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(11,'run%',2,3,5,1,0,NULL,2,'api','','',1795507225000175,1795507226000182,1795507227000189,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(12,'run_🖴',1,2,4,1,100,NULL,1,'api','','',1795507228000196,1795507229000203,1795507230000210,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(13,'run_ä',-5,3,5,1,0,NULL,1,'api','','',1795507231000217,1795507200000000,1795507233000231,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(14,'run_smart_test',-5,1,5,1,-1,NULL,1,'api','','',1795507234000238,NULL,1795507235000245,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(15,'run_ä',1,2,4,1,100,NULL,3,'api','','',1795507236000252,1795507200000000,1795507238000266,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(16,'run%',1,1,4,1,100,NULL,2,'api','','',1795507239000273,1795507240000280,1795507241000287,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(17,'run_',2,2,5,1,0,NULL,2,'api','','',1795507242000294,1795507243000301,1795507244000308,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(18,'run_smart_test',2,2,5,1,0,NULL,1,'api','','',1795507245000315,1795507246000322,1795507247000329,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(19,'run_',-5,1,5,1,0,NULL,NULL,'api','','',1795507248000336,1795507249000343,1795507250000350,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(20,'run_🖴',-5,3,5,1,0,NULL,1,'api','','',1795507251000357,1795507200000000,1795507253000371,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(21,'Run_x',-5,1,4,1,100,NULL,1,'api','','',1795507254000378,1795507255000385,1795507256000392,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(22,'read_scan',1,2,5,1,-1,NULL,2,'api','','',1795507257000399,NULL,1795507258000406,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(23,'run_ä',1,2,1,0,-1,NULL,NULL,'api','','',1795507259000413,NULL,NULL,NULL,1,NULL,NULL,'{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(24,'read_scan',2,3,5,1,0,NULL,1,'api','','',1795507260000420,1795507200000000,1795507262000434,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(25,'run_smart_test',2,1,4,1,100,NULL,NULL,'api','','',1795507263000441,1795507200000000,1795507265000455,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(26,'Run_x',-5,2,5,1,0,NULL,1,'api','','',1795507266000462,1795507267000469,1795507268000476,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(27,'run`',1,3,4,1,100,NULL,2,'api','','',1795507269000483,1795507270000490,1795507271000497,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(28,'run_ä',-5,3,5,1,0,NULL,NULL,'api','','',1795507272000504,1795507273000511,1795507274000518,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(29,'read_scan',2,3,5,1,0,NULL,1,'api','','',1795507275000525,1795507200000000,1795507277000539,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(30,'run_🖴',2,1,5,1,-1,NULL,NULL,'api','','',1795507278000546,NULL,1795507279000553,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(31,'run_ä',-5,3,5,1,0,NULL,1,'api','','',1795507280000560,1795507200000000,1795507282000574,NULL,1,NULL,'{"code":"drive_removed","text":"slot 3: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(32,'run`',1,2,5,1,0,NULL,2,'api','','',1795507283000581,1795507284000588,1795507285000595,NULL,1,NULL,'{"code":"drive_removed","text":"slot 2: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(33,'run_ä',1,2,4,1,100,NULL,3,'api','','',1795507286000602,NULL,1795507287000609,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(34,'run_',1,2,4,1,100,NULL,2,'api','','',1795507288000616,1795507200000000,1795507290000630,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(35,'run_',-5,2,4,1,100,NULL,NULL,'api','','',1795507291000637,NULL,1795507292000644,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(36,'read_scan',2,1,4,1,100,NULL,NULL,'api','','',1795507293000651,1795507294000658,1795507295000665,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(37,'run_ä',1,1,5,1,0,NULL,3,'api','','',1795507296000672,1795507297000679,1795507298000686,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(38,'run_',1,3,4,1,100,NULL,2,'api','','',1795507299000693,NULL,1795507300000700,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(39,'run_ä',2,1,5,1,-1,NULL,2,'api','','',1795507301000707,NULL,1795507302000714,NULL,1,NULL,'{"code":"drive_removed","text":"slot 1: it is gone","remedy":"plug it in again"}','{"kind":"short"}','','');
INSERT INTO "jobs" VALUES(40,'run_🖴',2,3,4,1,100,NULL,3,'api','','',1795507303000721,1795507304000728,1795507305000735,NULL,1,'{"status":"pass","reasons":[]}',NULL,'{"kind":"short"}','true','');
INSERT INTO "jobs" VALUES(41,'run_smart_test',7,1,2,0,0,NULL,1,'api','reads','',1795507315000805,1795507316000812,NULL,NULL,1,NULL,NULL,'{"kind":"short"}','','{"lba":4096}');
CREATE TABLE meta (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('revision','0001');
CREATE TABLE reports (
    job_id INTEGER NOT NULL,
    moment TEXT NOT NULL,
    time BIGINT NOT NULL,
    drive_id BIGINT,
    counters TEXT NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (job_id, moment)
);
INSERT INTO "reports" VALUES(2,'before',1795507204000028,1,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(2,'after',1795507204000028,1,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(3,'before',1795507207000049,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(3,'after',1795507207000049,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(5,'before',1795507213000091,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(5,'after',1795507213000091,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(6,'before',1795507216000112,3,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(6,'after',1795507216000112,3,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(9,'before',1795507222000154,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(9,'after',1795507222000154,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(12,'before',1795507230000210,1,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(12,'after',1795507230000210,1,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(15,'before',1795507238000266,3,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(15,'after',1795507238000266,3,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(16,'before',1795507241000287,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(16,'after',1795507241000287,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(21,'before',1795507256000392,1,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(21,'after',1795507256000392,1,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(25,'before',1795507265000455,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(25,'after',1795507265000455,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(27,'before',1795507271000497,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(27,'after',1795507271000497,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(33,'before',1795507287000609,3,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(33,'after',1795507287000609,3,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(34,'before',1795507290000630,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(34,'after',1795507290000630,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(35,'before',1795507292000644,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(35,'after',1795507292000644,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(36,'before',1795507295000665,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(36,'after',1795507295000665,NULL,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(38,'before',1795507300000700,2,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(38,'after',1795507300000700,2,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
INSERT INTO "reports" VALUES(40,'before',1795507305000735,3,'{"temperature_celsius":31.0,"attribute_197_raw":0.0}',X'789C4B4A4DCB2F4A050008790274');
INSERT INTO "reports" VALUES(40,'after',1795507305000735,3,'{"temperature_celsius":31.0,"attribute_197_raw":8.0}',X'789C4B4C2B492D0200061A0213');
CREATE TABLE stays (
    id INTEGER NOT NULL,
    drive_id BIGINT NOT NULL,
    slot_id BIGINT NOT NULL,
    label TEXT NOT NULL,
    began BIGINT NOT NULL,
    ended BIGINT,
    PRIMARY KEY (id)
);
INSERT INTO "stays" VALUES(1,1,1,'A1',1795507308000756,1795507309000763);
INSERT INTO "stays" VALUES(2,3,2,'A2',1795507310000770,1795507311000777);
INSERT INTO "stays" VALUES(3,3,2,'A2',1795507312000784,1795507313000791);
INSERT INTO "stays" VALUES(4,4,3,'A3',1795507314000798,1795507315000805);
CREATE TABLE tallies (
    name TEXT NOT NULL,
    slot_id BIGINT NOT NULL,
    status INTEGER NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (name, slot_id, status)
);
INSERT INTO "tallies" VALUES('run_',2,5,2);
INSERT INTO "tallies" VALUES('run_🖴',1,4,1);
INSERT INTO "tallies" VALUES('run_🖴',3,4,2);
INSERT INTO "tallies" VALUES('Run_x',1,5,1);
INSERT INTO "tallies" VALUES('run_ä',3,4,1);
INSERT INTO "tallies" VALUES('Run_x',3,4,1);
INSERT INTO "tallies" VALUES('read_scan',3,5,3);
INSERT INTO "tallies" VALUES('run%',1,5,1);
INSERT INTO "tallies" VALUES('Run_x',2,4,1);
INSERT INTO "tallies" VALUES('run_',1,5,2);
INSERT INTO "tallies" VALUES('run%',3,5,1);
INSERT INTO "tallies" VALUES('run_🖴',2,4,1);
INSERT INTO "tallies" VALUES('run_ä',3,5,3);
INSERT INTO "tallies" VALUES('run_smart_test',1,5,1);
INSERT INTO "tallies" VALUES('run_ä',2,4,2);
INSERT INTO "tallies" VALUES('run%',1,4,1);
INSERT INTO "tallies" VALUES('run_smart_test',2,5,1);
INSERT INTO "tallies" VALUES('run_🖴',3,5,1);
INSERT INTO "tallies" VALUES('Run_x',1,4,1);
INSERT INTO "tallies" VALUES('read_scan',2,5,1);
INSERT INTO "tallies" VALUES('run_smart_test',1,4,1);
INSERT INTO "tallies" VALUES('Run_x',2,5,1);
INSERT INTO "tallies" VALUES('run`',3,4,1);
INSERT INTO "tallies" VALUES('run_🖴',1,5,1);
INSERT INTO "tallies" VALUES('run`',2,5,1);
INSERT INTO "tallies" VALUES('run_',2,4,2);
INSERT INTO "tallies" VALUES('read_scan',1,4,1);
INSERT INTO "tallies" VALUES('run_ä',1,5,2);
INSERT INTO "tallies" VALUES('run_',3,4,1);
CREATE INDEX drives_model ON drives (model);
CREATE INDEX stays_drive ON stays (drive_id);
CREATE INDEX stays_open ON stays (slot_id) WHERE ended IS NULL;
CREATE INDEX jobs_open ON jobs (id) WHERE has_ended = 0;
CREATE INDEX jobs_drive ON jobs (drive_id, name);
CREATE INDEX jobs_name ON jobs (name) WHERE has_ended = 1;
CREATE INDEX jobs_client_ref ON jobs (client_ref) WHERE has_ended = 1;
CREATE INDEX jobs_slot_id ON jobs (slot_id) WHERE has_ended = 1;
CREATE INDEX jobs_status ON jobs (status) WHERE has_ended = 1;
CREATE INDEX jobs_progress ON jobs (progress) WHERE has_ended = 1;
CREATE INDEX jobs_accepted ON jobs (accepted) WHERE has_ended = 1;
CREATE INDEX jobs_started ON jobs (started) WHERE has_ended = 1;
CREATE INDEX jobs_ended ON jobs (ended) WHERE has_ended = 1;
CREATE INDEX changes_job ON changes (job_id, time);
CREATE INDEX reports_drive ON reports (drive_id, time);
COMMIT;
