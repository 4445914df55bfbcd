/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19-11.4.2-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: blog
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
DROP TABLE IF EXISTS `wp_usermeta`;
CREATE TABLE `wp_usermeta` (
  `umeta_id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20) unsigned NOT NULL DEFAULT 0,
  `meta_key` varchar(255) DEFAULT NULL,
  `meta_value` longtext DEFAULT NULL,
  PRIMARY KEY (`umeta_id`),
  KEY `user_id` (`user_id`)
) ENGINE=InnoDB;
INSERT INTO `wp_usermeta` VALUES (1,1,'nickname','Al; it''s'),(2,1,'wp_capabilities','a:2:{s:13:\"administrator\";b:1;s:6:\"editor\";b:1;}'),(3,1,'session_tokens',NULL);
DROP TABLE IF EXISTS `wp_users`;
CREATE TABLE `wp_users` (
  `ID` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `user_login` varchar(60) NOT NULL DEFAULT '',
  `user_pass` varchar(255) NOT NULL DEFAULT '',
  `user_nicename` varchar(50) NOT NULL DEFAULT '',
  `user_email` varchar(100) NOT NULL DEFAULT '',
  `user_url` varchar(100) NOT NULL DEFAULT '',
  `user_registered` datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  `user_activation_key` varchar(255) NOT NULL DEFAULT '',
  `user_status` int(11) NOT NULL DEFAULT 0,
  `display_name` varchar(250) NOT NULL DEFAULT '',
  PRIMARY KEY (`ID`),
  KEY `user_login_key` (`user_login`)
) ENGINE=InnoDB AUTO_INCREMENT=3;
LOCK TABLES `wp_users` WRITE;
INSERT INTO `wp_users` VALUES
(1,'alice','$2b$05$zUd8IctjOt.ZboCfuDcAFepPnLsyyyt750nxB12nRVyF8Yuj9uqkW','alice','alice@example.com','','2023-11-14 22:13:20','',0,'Al\'ice; (boss), \"A\"'),
(2,'o\'brien','!','obrien','ob@example.com','http://x.example','2023-11-14 22:13:21','',0,'O''Brien');
UNLOCK TABLES;
-- Dump completed on 2026-03-01  9:00:00
